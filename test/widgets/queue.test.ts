import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Problem } from '../../proxy/api.ts';
import { ProxyError } from '../../proxy/errors.ts';
import { refusal } from '../../proxy/http/refusals.ts';
import { asWidgetError, failure } from '../../widgets/core/failure.ts';
import type { WidgetError } from '../../widgets/core/widget-error.ts';
import {
  type Added,
  PARALLEL,
  type Picture,
  Queue,
  type QueueEvent,
  type Report,
  type Uploaded,
} from '../../widgets/image-uploader/queue.ts';
import { asUploadError, uploadFailure } from '../../widgets/image-uploader/upload-error.ts';
import { FakeClock, settled } from './fake-clock.ts';

/** An upload that the test ends. */
interface Upload {
  id: string;
  kind: string;
  report: Report;
  signal: AbortSignal;
  succeed(): Promise<void>;
  fail(error: unknown): Promise<void>;
}

let serial = 0;

/** A queue whose uploads end when the test says so. */
function arrange() {
  const clock = new FakeClock();
  const uploads: Upload[] = [];
  const heard: { event: QueueEvent; picture: Picture }[] = [];
  const listeners = new Set<() => void>();
  const world = { online: true, drawn: 0, onEvent: (_event: QueueEvent, _picture: Picture) => {} };
  const queue = new Queue({
    clock,
    upload: (picture, report, signal) =>
      new Promise<Uploaded>((resolve, reject) => {
        uploads.push({
          id: picture.id,
          kind: picture.source.kind,
          report,
          signal,
          succeed: () => {
            const url = `https://pay.test/v1/images/img_${++serial}`;
            resolve({ id: `img_${serial}`, url, type: 'image/jpeg', size: 9, width: 3, height: 2 });
            return settled();
          },
          fail: (error) => {
            reject(error);
            return settled();
          },
        });
      }),
    asError: (thrown) => asUploadError(thrown, { asWidgetError }),
    failure: uploadFailure,
    isOnline: () => world.online,
    onConnection: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    on: (event, picture) => {
      heard.push({ event, picture });
      world.onEvent(event, picture);
    },
    update: () => {
      world.drawn++;
    },
  });
  queue.start();
  return {
    clock,
    queue,
    uploads,
    heard,
    world,
    events: () => heard.map(({ event }) => event),
    states: () => queue.pictures.map(({ state }) => state),
    underWay: () => uploads.filter(({ signal }) => !signal.aborted),
    async connect(online: boolean) {
      world.online = online;
      for (const listener of listeners) listener();
      await settled();
    },
    async add(...added: Added[]) {
      const pictures = queue.add(added);
      await settled();
      return pictures;
    },
  };
}

const aFile = (name = 'image.jpg'): Added => ({
  source: { kind: 'file', file: new File(['123456789'], name) },
  name,
  size: 9,
});
const fromWechat = (localId: string): Added => ({ source: { kind: 'wechat', localId }, name: '', size: 0 });
const files = (count: number) => Array.from({ length: count }, () => aFile());

const UNREACHABLE = () => failure('proxy_unreachable');
const refused = (code: string, status: number, retryAfter?: number) => failure(code, { status, retryAfter });

describe('the upload queue', () => {
  it('tells of a picture that it was added, got on and is done', async () => {
    const { add, uploads, heard, events, queue } = arrange();
    const [picture] = await add(aFile('cat.jpg'));
    assert.deepEqual(events(), ['add']);
    uploads[0]!.report(0, 9);
    uploads[0]!.report(4, 9);
    uploads[0]!.report(9, 9);
    await uploads[0]!.succeed();
    assert.deepEqual(events(), ['add', 'progress', 'progress', 'done', 'change']);
    assert.deepEqual(
      heard.map((each) => [each.picture.id === picture!.id, each.picture.state, each.picture.loaded]),
      [
        [true, 'queued', 0],
        [true, 'uploading', 4],
        [true, 'uploading', 9],
        [true, 'done', 9],
        [true, 'done', 9],
      ],
    );
    assert.equal(queue.urls[0], queue.pictures[0]!.url);
    assert.equal(queue.isBusy, false);
  });

  it('tells when WeChat begins and when it has the picture, though not of bytes', async () => {
    const { add, uploads, events, heard } = arrange();
    await add(fromWechat('1'));
    uploads[0]!.report(0, 0);
    uploads[0]!.report(0, 0);
    await uploads[0]!.succeed();
    assert.deepEqual(events(), ['add', 'progress', 'progress', 'done', 'change']);
    assert.deepEqual([heard[2]!.picture.loaded, heard[2]!.picture.total], [0, 0]);
  });

  it('gives pictures of one name ids of their own', async () => {
    const { add } = arrange();
    const [first, second] = await add(aFile(), aFile());
    assert.notEqual(first!.id, second!.id);
  });

  it('uploads three files at a time, in their order', async () => {
    const { add, uploads, states } = arrange();
    const pictures = await add(...files(5));
    assert.deepEqual(states(), ['uploading', 'uploading', 'uploading', 'queued', 'queued']);
    await uploads[1]!.succeed();
    assert.deepEqual(states(), ['uploading', 'done', 'uploading', 'uploading', 'queued']);
    assert.deepEqual(
      uploads.map(({ id }) => id),
      pictures.slice(0, 4).map(({ id }) => id),
    );
  });

  it('uploads one at a time in WeChat', async () => {
    const { add, uploads, states } = arrange();
    await add(fromWechat('a'), fromWechat('b'));
    assert.deepEqual(states(), ['uploading', 'queued']);
    await uploads[0]!.succeed();
    assert.deepEqual(states(), ['done', 'uploading']);
  });

  it('starts nothing before it is started, and begins anew after it was stopped', async () => {
    const { add, queue, uploads, states } = arrange();
    await add(aFile());
    queue.stop();
    assert.ok(uploads[0]!.signal.aborted);
    assert.deepEqual(states(), ['queued']);
    await add(aFile());
    assert.equal(uploads.length, 1);
    queue.start();
    await settled();
    assert.deepEqual(states(), ['uploading', 'uploading']);
  });

  it('keeps the order that the user makes, and tells when the value changes by it', async () => {
    const { add, uploads, queue, events } = arrange();
    const [a, b, c] = await add(...files(3));
    for (const upload of [2, 0, 1]) await uploads[upload]!.succeed();
    const [urlA, urlB, urlC] = queue.urls;
    queue.move(c!.id, 0);
    assert.deepEqual(queue.urls, [urlC, urlA, urlB]);
    queue.move(a!.id, 99);
    assert.deepEqual(queue.urls, [urlC, urlB, urlA]);
    queue.move(b!.id, 1);
    assert.equal(events().filter((event) => event === 'change').length, 5, 'a move to its own place changes nothing');
  });

  it('says nothing more of a picture that was removed', async () => {
    const { add, uploads, queue, events } = arrange();
    const [picture] = await add(aFile());
    const [upload] = uploads;
    queue.remove(picture!.id);
    assert.ok(upload!.signal.aborted);
    upload!.report(5, 9);
    await upload!.succeed();
    queue.retry(picture!.id);
    queue.remove(picture!.id);
    queue.move(picture!.id, 0);
    assert.deepEqual(events(), ['add', 'remove']);
    assert.deepEqual(queue.pictures, []);
  });

  it('tells that the value changed where what is removed was done', async () => {
    const { add, uploads, queue, events } = arrange();
    const [picture] = await add(aFile());
    await uploads[0]!.succeed();
    queue.remove(picture!.id);
    assert.deepEqual(events(), ['add', 'done', 'change', 'remove', 'change']);
    assert.deepEqual(queue.urls, []);
  });

  it('can be told to remove a picture by whoever hears of it', async () => {
    const { add, uploads, queue, events, world } = arrange();
    world.onEvent = (event, { id }) => {
      if (event === 'done') queue.remove(id);
    };
    await add(aFile());
    await uploads[0]!.succeed();
    assert.deepEqual(events(), ['add', 'done', 'remove', 'change']);
  });

  describe('where an upload fails', () => {
    it('tries what may pass again, three times, with growing waits', async () => {
      const { add, uploads, clock, states, events, queue } = arrange();
      await add(aFile());
      await uploads[0]!.fail(UNREACHABLE());
      assert.deepEqual(states(), ['queued']);
      await clock.advance(1_999);
      assert.equal(uploads.length, 1);
      await clock.advance(1);
      await uploads[1]!.fail(refused('proxy_failed', 502));
      await clock.advance(7_999);
      assert.equal(uploads.length, 2);
      await clock.advance(1);
      await uploads[2]!.fail(UNREACHABLE());
      await clock.advance(20_000);
      assert.deepEqual(events(), ['add'], 'none of that is an error yet');
      await uploads[3]!.fail(UNREACHABLE());
      assert.deepEqual(events(), ['add', 'error']);
      assert.equal(queue.pictures[0]!.error!.code, 'proxy_unreachable');
      assert.equal(clock.pending, 0);
    });

    it('lets others go on while one waits', async () => {
      const { add, uploads, states } = arrange();
      await add(...files(4));
      await uploads[0]!.fail(UNREACHABLE());
      assert.deepEqual(states(), ['queued', 'uploading', 'uploading', 'uploading']);
    });

    it('waits as long as the proxy asks for, up to a minute', async () => {
      const { add, uploads, clock, events } = arrange();
      await add(aFile());
      await uploads[0]!.fail(refused('rate_limited', 429, 30_000));
      await clock.advance(29_999);
      assert.equal(uploads.length, 1);
      await clock.advance(1);
      await uploads[1]!.fail(refused('upload_quota_exceeded', 429, 3_600_000));
      assert.deepEqual(events(), ['add', 'error']);
    });

    for (const error of [
      refused('image_broken', 422),
      refused('image_too_large', 413),
      refused('session_invalid', 401),
      failure('session_required'),
      failure('image_heic_unsupported'),
      failure('jssdk_timeout'),
    ]) {
      it(`does not try again by itself after ${error.code}`, async () => {
        const { add, uploads, states, queue } = arrange();
        await add(aFile());
        await uploads[0]!.fail(error);
        assert.deepEqual(states(), ['failed']);
        assert.equal(queue.pictures[0]!.error!.code, error.code);
      });
    }

    it('tries again when the user says so, with all tries anew', async () => {
      const { add, uploads, queue, events, clock } = arrange();
      const [picture] = await add(aFile());
      for (const wait of [2_000, 8_000, 20_000, 0]) {
        await uploads.at(-1)!.fail(UNREACHABLE());
        await clock.advance(wait);
      }
      queue.retry(picture!.id);
      assert.equal(queue.pictures[0]!.error, undefined);
      await settled();
      assert.equal(uploads.length, 5);
      await uploads[4]!.fail(UNREACHABLE());
      await clock.advance(2_000);
      await uploads[5]!.succeed();
      assert.deepEqual(events(), ['add', 'error', 'done', 'change']);
    });

    it('retries nothing but what has failed', async () => {
      const { add, uploads, queue } = arrange();
      const [picture] = await add(aFile());
      queue.retry(picture!.id);
      queue.retry('nobody');
      await settled();
      assert.equal(uploads.length, 1);
    });

    it('speaks of pictures, not of payments', async () => {
      const { add, uploads, queue } = arrange();
      await add(aFile());
      await uploads[0]!.fail(refused('wechat_unavailable', 400));
      assert.match(queue.pictures[0]!.error!.cause['zh-CN'], /图片/);
    });
  });

  describe('where an upload does not get on', () => {
    it('gives it up after thirty seconds', async () => {
      const { add, uploads, clock, queue, events } = arrange();
      const [picture] = await add(aFile());
      await clock.advance(20_000);
      uploads[0]!.report(5, 9);
      await clock.advance(29_999);
      assert.deepEqual(events(), ['add', 'progress']);
      await clock.advance(1);
      assert.deepEqual(events(), ['add', 'progress', 'error']);
      assert.equal(queue.pictures[0]!.error!.code, 'upload_stalled');
      assert.ok(uploads[0]!.signal.aborted);
      await uploads[0]!.fail(UNREACHABLE());
      queue.retry(picture!.id);
      await settled();
      assert.equal(uploads.length, 2);
    });

    it('takes a step that moves no byte for getting on', async () => {
      const { add, uploads, clock, states, events } = arrange();
      await add(aFile());
      await clock.advance(20_000);
      uploads[0]!.report(0, 9);
      await clock.advance(20_000);
      assert.deepEqual(states(), ['uploading']);
      assert.deepEqual(events(), ['add']);
    });

    it('has more patience in WeChat, which says nothing', async () => {
      const { add, clock, states } = arrange();
      await add(fromWechat('a'));
      await clock.advance(149_999);
      assert.deepEqual(states(), ['uploading']);
      await clock.advance(1);
      assert.deepEqual(states(), ['failed']);
    });

    it('does not count the time that the page slept', async () => {
      const { add, clock, states } = arrange();
      await add(aFile());
      await clock.sleep(60_000);
      assert.deepEqual(states(), ['uploading']);
      await clock.advance(30_000);
      assert.deepEqual(states(), ['failed']);
    });
  });

  describe('offline', () => {
    it('waits, and goes on when online', async () => {
      const { add, uploads, queue, states, events, connect } = arrange();
      await add(...files(2));
      uploads[0]!.report(4, 9);
      await connect(false);
      assert.ok(uploads.every(({ signal }) => signal.aborted));
      assert.deepEqual(states(), ['queued', 'queued']);
      assert.equal(queue.pictures[0]!.loaded, 0);
      assert.ok(queue.isPaused);
      await add(aFile());
      assert.equal(uploads.length, 2);
      await connect(true);
      assert.deepEqual(states(), ['uploading', 'uploading', 'uploading']);
      assert.equal(queue.isPaused, false);
      assert.ok(!events().includes('error'));
    });

    it('takes a broken connection for no failure', async () => {
      const { add, uploads, world, states, connect, clock } = arrange();
      await add(aFile());
      world.online = false;
      await uploads[0]!.fail(UNREACHABLE());
      await clock.advance(60_000);
      assert.deepEqual(states(), ['queued']);
      await connect(true);
      assert.equal(uploads.length, 2);
    });

    it('does not begin what waits for its next try', async () => {
      const { add, uploads, connect, clock } = arrange();
      await add(aFile());
      await uploads[0]!.fail(UNREACHABLE());
      await connect(false);
      await clock.advance(60_000);
      assert.equal(uploads.length, 1);
      await connect(true);
      assert.equal(uploads.length, 2);
    });
  });

  describe('its value', () => {
    it('can be set, which is no change of the user’s', async () => {
      const { queue, events, states, world } = arrange();
      queue.setValue(['https://pay.test/1', 'https://pay.test/2']);
      assert.deepEqual(states(), ['done', 'done']);
      assert.deepEqual(queue.urls, ['https://pay.test/1', 'https://pay.test/2']);
      assert.deepEqual(events(), []);
      assert.ok(world.drawn > 0);
    });

    it('keeps what is known of a picture, and ends what is under way', async () => {
      const { add, uploads, queue, events, clock } = arrange();
      const [first] = await add(...files(2));
      await uploads[0]!.succeed();
      queue.setValue(['https://pay.test/other', ...queue.urls]);
      assert.deepEqual(
        queue.pictures.map(({ state, width }) => [state, width]),
        [
          ['done', undefined],
          ['done', 3],
        ],
      );
      assert.equal(queue.pictures[1]!.id, first!.id);
      assert.equal(uploads[1]!.signal.aborted, true);
      await uploads[1]!.succeed();
      assert.equal(queue.urls.length, 2);
      assert.equal(queue.isBusy, false);
      assert.equal(clock.pending, 0);
      assert.deepEqual(events(), ['add', 'add', 'done', 'change'], 'nobody is told');
    });

    it('stays as it is where a framework sets what it has just read', async () => {
      const { add, uploads, queue, world } = arrange();
      await add(...files(2));
      await uploads[0]!.succeed();
      const { drawn } = world;
      queue.setValue([...queue.urls]);
      assert.equal(world.drawn, drawn);
      assert.equal(uploads[1]!.signal.aborted, false);
    });

    it('is nothing once it is cleared, and nothing more comes', async () => {
      const { add, uploads, queue, events } = arrange();
      await add(...files(2));
      queue.clear();
      for (const upload of uploads) await upload.succeed();
      assert.deepEqual(queue.pictures, []);
      assert.deepEqual(events(), ['add', 'add']);
      assert.equal(queue.isBusy, false);
    });
  });
});

/** What users, uploads and networks can do, in any order; numbers choose among what is there. */
const Step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wechat' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('progress' as const), at: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('succeed' as const), at: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('break' as const), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refuse' as const), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), at: fc.nat(9), to: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('connect' as const), online: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
);
type Step = typeof Step extends fc.Arbitrary<infer Value> ? Value : never;

/** The same list, kept in the simplest way. */
class Model {
  ids: string[] = [];
  /** By the user, each time. */
  readonly retried: string[] = [];

  move(id: string, to: number): void {
    this.ids = this.ids.filter((each) => each !== id);
    this.ids.splice(to, 0, id);
  }
}

async function run(steps: readonly Step[]) {
  const scene = arrange();
  const { queue, uploads, clock } = scene;
  const model = new Model();
  const any = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(list.length, 1)];
  for (const step of steps) {
    const upload = 'at' in step ? any(uploads, step.at) : undefined;
    const picture = 'at' in step ? any(queue.pictures, step.at) : undefined;
    if (step.do === 'add') model.ids.push(...(await scene.add(...files(step.count))).map(({ id }) => id));
    if (step.do === 'wechat') {
      const chosen = Array.from({ length: step.count }, (_, at) => fromWechat(String(at)));
      model.ids.push(...(await scene.add(...chosen)).map(({ id }) => id));
    }
    if (step.do === 'progress') upload?.report(step.at, 9);
    if (step.do === 'succeed') await upload?.succeed();
    if (step.do === 'break') await upload?.fail(UNREACHABLE());
    if (step.do === 'refuse') await upload?.fail(refused('image_broken', 422));
    if (step.do === 'retry' && picture) {
      if (picture.state === 'failed') model.retried.push(picture.id);
      queue.retry(picture.id);
    }
    if (step.do === 'remove' && picture) {
      model.ids = model.ids.filter((id) => id !== picture.id);
      queue.remove(picture.id);
    }
    if (step.do === 'move' && picture) {
      model.move(picture.id, step.to);
      queue.move(picture.id, step.to);
    }
    if (step.do === 'connect') await scene.connect(step.online);
    if (step.do === 'wait') await clock.advance(step.ms);
    await settled();
    checkNow(scene, model);
  }
  return { ...scene, model };
}

type Scene = ReturnType<typeof arrange>;

function checkNow({ queue, world }: Scene, model: Model): void {
  const ids = queue.pictures.map(({ id }) => id);
  assert.deepEqual(ids, model.ids, 'none is lost, and the order is that of the moves');
  for (const kind of ['file', 'wechat'] as const) {
    const uploading = queue.pictures.filter(({ state, source }) => state === 'uploading' && source.kind === kind);
    assert.ok(uploading.length <= PARALLEL[kind]);
    if (!world.online) assert.equal(uploading.length, 0, 'nothing is under way offline');
  }
  for (const { state, url, error, loaded, total } of queue.pictures) {
    assert.equal(state === 'done', url !== undefined);
    assert.equal(state === 'failed', error !== undefined);
    assert.ok(loaded >= 0 && loaded <= total);
  }
}

/** Of each picture is heard: add, then progress, then one end each time that it was started; after remove only its change. */
function checkHeard({ heard, model }: Pick<Scene, 'heard'> & { model: Model }): void {
  for (const id of new Set(heard.map(({ picture }) => picture.id))) {
    const letters = heard.filter(({ picture }) => picture.id === id).map(({ event }) => event[0]);
    assert.match(letters.join(''), /^a[pe]*(dc+)?(rc?)?$/);
    const ends = letters.filter((letter) => letter === 'e' || letter === 'd');
    const starts = 1 + model.retried.filter((each) => each === id).length;
    assert.ok(ends.length <= starts, `${ends.length} ends of ${starts} starts`);
  }
}

describe('the upload queue, whatever happens in whatever order', () => {
  it('keeps every picture, its order and its limits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(Step, { maxLength: 40 }), async (steps) => {
        checkHeard(await run(steps));
      }),
      { numRuns: 300 },
    );
  });

  it('brings every picture home once the network is well', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(Step, { maxLength: 25 }), async (steps) => {
        const scene = await run(steps);
        const { queue, uploads, connect, clock } = scene;
        await connect(true);
        for (let round = 0; round < 60 && (queue.isBusy || scene.states().includes('failed')); round++) {
          for (const { id } of queue.pictures.filter(({ state }) => state === 'failed')) {
            scene.model.retried.push(id);
            queue.retry(id);
          }
          await settled();
          for (const upload of uploads.filter(({ signal }) => !signal.aborted)) await upload.succeed();
          await clock.advance(10_000);
        }
        assert.ok(scene.states().every((state) => state === 'done'));
        assert.equal(queue.urls.length, scene.model.ids.length);
        assert.equal(clock.pending, 0, 'no timer is left');
        checkHeard(scene);
      }),
      { numRuns: 150 },
    );
  });

  it('never has more than its share under way, while uploads are started and aborted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(Step, { maxLength: 40 }), async (steps) => {
        const ended = new Set<Upload>();
        const scene = arrange();
        const { queue, uploads } = scene;
        for (const step of steps) {
          if (step.do === 'add' || step.do === 'wechat') {
            await scene.add(...(step.do === 'add' ? files(step.count) : [fromWechat('x')]));
          } else if ('at' in step && uploads.length > 0) {
            const upload = uploads[step.at % uploads.length]!;
            ended.add(upload);
            if (step.do === 'break') await upload.fail(UNREACHABLE());
            else if (step.do === 'remove') queue.remove(upload.id);
            else await upload.succeed();
            await settled();
          }
          for (const kind of ['file', 'wechat'] as const) {
            const running = uploads.filter((each) => each.kind === kind && !each.signal.aborted && !ended.has(each));
            assert.ok(running.length <= PARALLEL[kind]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('errors of uploads', () => {
  it('keep their code, status and the proxy’s answer, and say what went wrong in both languages', () => {
    const reworded = asUploadError(refused('wechat_unavailable', 503, 2_000), { asWidgetError });
    const { code, status, retryAfter, name } = reworded as WidgetError;
    assert.deepEqual([name, code, status, retryAfter], ['WidgetError', 'wechat_unavailable', 503, 2_000]);
    assert.match(reworded.cause.en, /Pictures cannot be uploaded/);
  });

  it('stay as they are where they need no other words', () => {
    const error = failure('order_id_missing');
    assert.equal(asUploadError(error, { asWidgetError }), error);
    const own = uploadFailure('image_too_large', { detail: 'cat.gif' });
    assert.equal(asUploadError(own, { asWidgetError }), own);
  });

  for (const [code, status, cause] of [
    ['image_too_large', 413, '图片太大。'],
    ['body_too_large', 413, '暂时无法上传图片。'],
    ['unsupported_media_type', 415, '暂时无法上传图片。'],
    ['invalid_request', 400, '暂时无法上传图片。'],
    ['not_found', 404, '暂时无法上传图片。'],
    ['origin_not_allowed', 403, '暂时无法上传图片。'],
    ['image_store_unavailable', 503, '暂时无法上传图片。'],
    ['wechat_refused', 502, '暂时无法上传图片。'],
  ] as const) {
    it(`never speak to a shopper of the proxy's variables: ${code}`, () => {
      const { body } = refusal(new ProxyError(code, '12 of 10 bytes'), 'r');
      const problem = body as Problem;
      assert.equal(problem.status, status);
      const error = asUploadError(failure(code, { status, problem }), { asWidgetError });
      assert.equal(error.cause['zh-CN'], cause);
      assert.doesNotMatch(`${error.remedy['zh-CN']} ${error.remedy.en}`, /[A-Z]_[A-Z]/);
      assert.deepEqual([error.code, error.problem], [code, problem]);
      assert.match(error.message, /12 of 10 bytes/);
    });
  }
});
