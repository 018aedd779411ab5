import { expect } from '@open-wc/testing';
import type { Image } from '../../proxy/api.ts';
import { asWidgetError, failure } from '../../widgets/core/failure.ts';
import { ProxyClient } from '../../widgets/core/proxy-client.ts';
import type { WidgetError } from '../../widgets/core/widget-error.ts';
import type { Picture, Source } from '../../widgets/image-uploader/queue.ts';
import { uploadFile } from '../../widgets/image-uploader/upload-file.ts';
import { type UploadWorld, uploadPicture } from '../../widgets/image-uploader/upload-picture.ts';
import { ensureSession, sessionObstacle, withSession } from '../../widgets/image-uploader/with-session.ts';
import { drawSample } from './picture-samples.ts';
import { Scene } from './scene.ts';
import type { ScriptedAnswer } from './scripted-proxy.ts';

const ROUTE = 'POST /v1/images';

describe('an upload', () => {
  let scene: Scene;
  let world: UploadWorld;

  beforeEach(() => {
    scene = new Scene();
    world = {
      proxy: new ProxyClient(scene.proxy),
      wechat: undefined,
      purpose: 'image-uploader photos',
      failure,
      asWidgetError,
      maxEdge: () => 2560,
      maxSize: () => 10_485_760,
      aspectRatio: () => '',
    };
  });

  afterEach(() => scene.leave());

  const image = (): Image => ({
    id: 'img_1',
    url: `${scene.proxy}/v1/images/img_1`,
    type: 'image/jpeg',
    size: 9,
    width: 3,
    height: 2,
  });

  const answer = (...answers: ScriptedAnswer[]) => scene.script({ [ROUTE]: answers });

  function send(file: Blob, { signal = new AbortController().signal, report = (_loaded: number) => {} } = {}) {
    return uploadFile(world, file, 'secret', report, signal);
  }

  async function failureOf(promise: Promise<unknown>): Promise<WidgetError> {
    return promise.then(
      () => expect.fail('it did not fail'),
      (error) => error,
    );
  }

  it('sends the file with the session, without its name, and tells how far it is', async () => {
    await answer({ status: 201, body: image() });
    const file = new File(['x'.repeat(300_000)], 'My passport.jpg', { type: 'image/jpeg' });
    const loaded: number[] = [];
    const uploaded = await send(file, { report: (bytes) => loaded.push(bytes) });
    expect(uploaded).to.deep.equal(image());
    const [call] = await scene.calls(ROUTE);
    expect(call!.authorization).to.equal('Bearer secret');
    expect(call!.cookie).to.equal(undefined);
    expect(call!.body).to.deep.equal({ field: 'file', fileName: 'picture', type: 'image/jpeg', size: 300_000 });
    expect(loaded[0]).to.equal(0);
    expect(loaded.at(-1)).to.equal(300_000);
    expect([...loaded].sort((a, b) => a - b)).to.deep.equal(loaded);
  });

  it('ends in the proxy’s own code', async () => {
    await answer({ ...scene.problem('upload_quota_exceeded', 429), retryAfter: 3600 });
    const error = await failureOf(send(new Blob(['x'])));
    expect([error.code, error.status, error.retryAfter]).to.deep.equal(['upload_quota_exceeded', 429, 3_600_000]);
    expect(error.problem?.requestId).to.equal('r');
  });

  it('ends in that of a proxy that answers before it has all, and hangs up', async () => {
    await answer({ ...scene.problem('image_too_large', 413), fault: 'early' });
    // More than any buffer between the browser and the proxy takes.
    const error = await failureOf(send(new Blob(['x'.repeat(30_000_000)])));
    expect(error.code).to.equal('image_too_large');
    expect(error.status).to.equal(413);
  });

  it('says that the proxy was not reached, and that somebody else answered', async () => {
    await answer({ fault: 'drop' });
    expect((await failureOf(send(new Blob(['x'])))).code).to.equal('proxy_unreachable');
    await answer({ fault: 'portal' });
    expect((await failureOf(send(new Blob(['x'])))).code).to.equal('proxy_answer_invalid');
  });

  it('ends when nobody wants it any more', async () => {
    await answer({ fault: 'hang' });
    const abort = new AbortController();
    const sending = failureOf(send(new Blob(['x']), { signal: abort.signal }));
    setTimeout(() => abort.abort(), 200);
    await sending;
    const none = failureOf(send(new Blob(['x']), { signal: abort.signal }));
    await none;
  });

  describe('of a picture', () => {
    const pictureOf = (source: Source): Picture => ({
      id: 'picture-1',
      name: '',
      state: 'uploading',
      loaded: 0,
      total: 0,
      source,
    });
    const upload = (source: Source) => uploadPicture(world, pictureOf(source), () => {}, new AbortController().signal);

    it('is of what the file becomes, in the site’s session', async () => {
      scene.signIn();
      await answer({ status: 201, body: image() });
      const drawn = await drawSample({ width: 3000, height: 100, type: 'image/png' });
      expect(await upload({ kind: 'file', file: new File([drawn], 'image.png') })).to.deep.equal(image());
      const [call] = await scene.calls(ROUTE);
      expect(call!.authorization).to.equal('Bearer site-session');
      expect(call!.body).to.deep.include({ type: 'image/jpeg' });
    });

    it('is sent again with less where the proxy, which draws it anew, has more of it than there may be', async () => {
      scene.signIn();
      const has = (size: number) => ({ status: 201, body: { ...image(), size } });
      const file = new File([await drawSample({ width: 100, height: 80, type: 'image/jpeg', isNoisy: true })], '');
      Object.assign(world, { aspectRatio: () => '1', maxSize: () => 8_000 });

      await answer(has(8_001), has(8_000));
      expect(await upload({ kind: 'file', file })).to.deep.include({ size: 8_000 });
      await answer(has(9_000));
      expect(await upload({ kind: 'file', file })).to.deep.include({ size: 9_000 });
      await answer(has(9_000));
      world.maxEdge = () => 0;
      world.aspectRatio = () => '100/80';
      world.maxSize = () => file.size;
      expect(await upload({ kind: 'file', file })).to.deep.include({ size: 9_000 });

      const sent = (await scene.calls(ROUTE)).map(({ body }) => (body as { size: number }).size);
      expect(sent).to.have.lengthOf(6);
      for (const sizes of [sent.slice(0, 2), sent.slice(2, 5)])
        expect(sizes).to.deep.equal([...new Set(sizes)].sort((a, b) => b - a));
      expect(sent[5]).to.equal(file.size);
    });

    it('asks for nothing where there is no session', async () => {
      const drawn = await drawSample({ width: 30, height: 10, type: 'image/jpeg' });
      const error = await failureOf(upload({ kind: 'file', file: new File([drawn], '') }));
      expect(error.code).to.equal('session_required');
      expect(error.message).to.include('<meta name="weixin-session">');
      expect(error.cause['zh-CN']).to.include('登录');
      expect(await scene.calls(ROUTE)).to.deep.equal([]);
    });
  });

  describe('outside WeChat', () => {
    it('needs the site’s session, which one knows at once', async () => {
      expect(sessionObstacle(world)?.code).to.equal('session_required');
      expect((await failureOf(ensureSession(world, true))).code).to.equal('session_required');
      scene.signIn();
      expect(sessionObstacle(world)).to.equal(undefined);
      await ensureSession(world, true);
    });

    it('takes the new session that the site has put in the place of the old', async () => {
      scene.signIn('old');
      const used: string[] = [];
      const result = await withSession(world, false, async (token) => {
        used.push(token);
        if (token === 'new') return 'done';
        document.querySelector<HTMLMetaElement>('meta[name="weixin-session"]')!.content = 'new';
        throw failure('session_invalid', { status: 401 });
      });
      expect(result).to.equal('done');
      expect(used).to.deep.equal(['old', 'new']);
    });

    it('says so where there is no other', async () => {
      scene.signIn('old');
      const using = withSession(world, false, async () => {
        throw failure('session_invalid', { status: 401 });
      });
      expect((await failureOf(using)).code).to.equal('session_invalid');
    });
  });
});
