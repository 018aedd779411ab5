/** `npm run bench`: everything that is measured, one after the other. */
import { benchJssdkConfig } from './jssdk-config.ts';
import { benchV3Notifications } from './v3-notifications.ts';

await benchJssdkConfig();
await benchV3Notifications();
