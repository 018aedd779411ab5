/** Uppy with its dashboard, as its documents show it. */
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import XhrUpload from '@uppy/xhr-upload';
import '@uppy/core/css/style.min.css';
import '@uppy/dashboard/css/style.min.css';

new Uppy({ autoProceed: true, restrictions: { maxNumberOfFiles: 9, allowedFileTypes: ['image/*'] } })
  .use(Dashboard, { inline: true, target: '#uploader' })
  .use(XhrUpload, { endpoint: '/v1/images', fieldName: 'file' });
