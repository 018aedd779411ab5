/** vant's uploader alone, with what its documents leave to the page: the upload itself. */
import { Uploader } from 'vant';
import { createApp, h, ref } from 'vue';
import 'vant/es/uploader/style/index';

async function upload(chosen) {
  for (const item of [chosen].flat()) {
    const body = new FormData();
    body.append('file', item.file);
    item.status = 'uploading';
    const { ok } = await fetch('/v1/images', { method: 'POST', body }).catch(() => ({ ok: false }));
    item.status = ok ? 'done' : 'failed';
  }
}

createApp({
  setup() {
    const files = ref([]);
    const update = (list) => {
      files.value = list;
    };
    const options = { multiple: true, maxCount: 9, afterRead: upload };
    return () => h(Uploader, { ...options, modelValue: files.value, 'onUpdate:modelValue': update });
  },
}).mount('#uploader');
