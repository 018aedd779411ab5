/** `npm run bench`: everything that is measured, one after the other. */
import { benchElement } from './element.ts';
import { benchJssdkConfig } from './jssdk-config.ts';
import { benchOrderCreation } from './order-creation.ts';
import { benchUploads } from './uploads.ts';
import { benchV2Notifications } from './v2-notifications.ts';
import { benchV3Notifications } from './v3-notifications.ts';

await benchJssdkConfig();
await benchV3Notifications();
await benchV2Notifications();
await benchOrderCreation();
await benchUploads();
await benchElement();
