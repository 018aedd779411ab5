import type Router from '@koa/router';
import type { Account } from './account.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import type { Conversations } from './conversations.ts';
import { apiExamples, pushExamples } from './debug-examples.ts';
import { type Exchange, type ExchangeContext, json, jsonBody, queryValue } from './exchange.ts';
import type { MediaStore } from './media-store.ts';
import type { MessagePush } from './message-push.ts';
import type { QrCodes } from './qr-codes.ts';
import { type Asked, checkJssdk, checkMessage, checkPayV2, checkPayV3 } from './signature-check.ts';
import type { Templates } from './templates.ts';
import type { Tokens } from './tokens.ts';
import type { WritableFields } from './xml-tree.ts';

export interface DebugWorld {
  account: Account;
  clock: Clock;
  conversations: Conversations;
  knobs: () => Knobs;
  media: MediaStore;
  messagePush: MessagePush;
  origin: { url: string };
  qrCodes: QrCodes;
  templates: Templates;
  tokens: Tokens;
}

/** These hand out what a call must not bring. */
const TOKEN_PATHS = ['/cgi-bin/token', '/cgi-bin/stable_token'];
const PLACEHOLDER = '<jsapi_ticket>';

/** What WeChat's own debugging pages do: check a signature, call an API, push a message. */
export function addDebugRoutes(router: Router<Exchange>, world: DebugWorld): void {
  addSignatureRoutes(router, world);
  addCallRoutes(router, world);
  addPushRoutes(router, world);

  router.get('/client/debug/settings', (ctx) => {
    const { account, templates } = world;
    const { messagePush, jsSafeDomains, payDirectories } = world.knobs();
    const { appId, originalId, mchid } = account;
    const push = messagePush && { url: messagePush.url, mode: messagePush.mode, format: messagePush.format };
    json(ctx, {
      appId,
      originalId,
      mchid,
      messagePush: push,
      templates: templates.list(),
      jsSafeDomains,
      payDirectories,
    });
  });
}

function addSignatureRoutes(router: Router<Exchange>, { account, tokens }: DebugWorld): void {
  router.post('/client/debug/jssdk-signature', (ctx) => {
    const asked = texts(jsonBody(ctx));
    const tickets = asked.ticket ? [asked.ticket] : tokens.liveTickets();
    const checks = tickets.map((ticket) => checkJssdk(asked, ticket));
    const none = { ...checkJssdk({ ...asked, signature: undefined }, PLACEHOLDER), expected: '', problem: 'no-ticket' };
    json(ctx, checks.find(({ verdict }) => verdict === 'right') ?? checks[0] ?? none);
  });

  router.post('/client/debug/pay-signature', (ctx) => {
    const body = jsonBody(ctx);
    if (body.version === 'v3') return json(ctx, checkPayV3(texts(body), account));
    if (body.version !== 'v2') return ctx.throw(400, 'version is v2 or v3');
    const fields = Object.entries(texts(Object(body.fields))).map(([name, value]) => [name, value ?? '']);
    json(ctx, checkPayV2(Object.fromEntries(fields), texts(body), account));
  });

  router.post('/client/debug/message-signature', (ctx) => json(ctx, checkMessage(texts(jsonBody(ctx)), account)));
}

function addCallRoutes(router: Router<Exchange>, world: DebugWorld): void {
  const { account, templates } = world;

  router.get('/client/debug/apis', (ctx) => {
    json(ctx, apiExamples(account, templates, queryValue(ctx, 'openid') ?? account.users[0]!.openid));
  });

  router.post('/client/debug/call', async (ctx) => {
    const { method, path, query, body } = jsonBody(ctx);
    if (method !== 'GET' && method !== 'POST') return ctx.throw(400, 'method is GET or POST');
    if (typeof path !== 'string' || !/^\/(cgi-bin|sns)\/[\w/-]+$/.test(path)) {
      return ctx.throw(400, 'path is one of /cgi-bin or /sns');
    }
    const text = typeof body === 'string' ? body : '';
    json(ctx, await call(world, { method, path, query: texts(Object(query)), body: text }));
  });
}

/** The call goes over HTTP as a merchant's would, so that it stands among the calls, and faults meet it. */
async function call(
  { origin, tokens }: DebugWorld,
  { method, path, query, body }: { method: string; path: string; query: Asked; body: string },
): Promise<object> {
  const url = new URL(path, origin.url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.append(name, value);
  try {
    if (needsToken(url)) url.searchParams.append('access_token', tokens.stable(false).access_token);
  } catch (error) {
    if (error instanceof ApiRefusal) return { status: 200, headers: {}, body: JSON.stringify(error), ms: 0, url: path };
    throw error;
  }
  const startedAt = Date.now();
  const request = method === 'POST' ? { method, body } : { method };
  try {
    const answer = await fetch(url, request);
    const headers = Object.fromEntries(answer.headers);
    return { status: answer.status, headers, body: await answer.text(), ms: Date.now() - startedAt, url: shown(url) };
  } catch {
    // A fault of the control has dropped the connection.
    return { status: 0, headers: {}, body: '', ms: Date.now() - startedAt, url: shown(url) };
  }
}

function needsToken({ pathname, searchParams }: URL): boolean {
  return pathname.startsWith('/cgi-bin/') && !TOKEN_PATHS.includes(pathname) && !searchParams.has('access_token');
}

function shown({ pathname, search }: URL): string {
  return pathname + search.replace(/(access_token=.{6})[^&]+/, '$1…');
}

function addPushRoutes(router: Router<Exchange>, world: DebugWorld): void {
  const { account, conversations, knobs, media, messagePush, qrCodes } = world;

  router.get('/client/debug/push-examples', (ctx) => json(ctx, pushExamples(qrCodes, media)));

  router.post('/client/debug/push', async (ctx) => {
    checkPushSet(ctx);
    const { openid, fields } = jsonBody(ctx);
    if (!account.users.some((user) => user.openid === openid)) return ctx.throw(400, 'nobody has this openid');
    if (typeof fields !== 'object' || fields === null) return ctx.throw(400, 'fields are needed');
    json(ctx, await conversations.tell(String(openid), fields as WritableFields));
  });

  router.post('/client/debug/check-push', async (ctx) => {
    checkPushSet(ctx);
    json(ctx, await messagePush.check());
  });

  function checkPushSet(ctx: ExchangeContext): void {
    if (!knobs().messagePush) ctx.throw(400, 'the knob messagePush is not set');
  }
}

/** Numbers as text, and nothing but text. */
function texts(body: Record<string, unknown>): Asked {
  const known = Object.entries(body).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}
