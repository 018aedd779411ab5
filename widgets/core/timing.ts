/** Every span of time that the widgets wait or allow, in milliseconds. */

/** How long the proxy may take to answer a read. */
export const READ_TIMEOUT = 10_000;
/** How long it may take to prepare a payment: it asks WeChat, which may take two tries. */
export const WRITE_TIMEOUT = 20_000;

/** How often an order is read while a payment of this page is under way… */
export const POLL_URGENT = 2_000;
/** …for this long, and then */
export const POLL_URGENT_FOR = 60_000;
export const POLL_PATIENT = 5_000;
/** An order that waits for its payer: from the first to the last, growing by the factor while nothing changes. */
export const POLL_IDLE = 5_000;
export const POLL_IDLE_MAX = 15_000;
export const POLL_IDLE_GROWTH = 1.25;
/** A paid order can still be refunded. */
export const POLL_SETTLED = 30_000;
/** After a failed read: doubled with each further failure. */
export const POLL_RETRY = 2_000;
export const POLL_RETRY_MAX = 30_000;
/** The payer is waiting for an answer: failed reads are never further apart than this. */
export const POLL_RETRY_URGENT_MAX = 5_000;

/**
 * The proxy asks WeChat about an order at most once in 2 s. A read that begins this long after the payer came back
 * from the pay sheet is therefore answered with what WeChat knew after the payer came back.
 */
export const VERDICT_AFTER = 2_200;
/** Confirming: when the payer is told that it takes longer, and when a new attempt is offered. */
export const SLOW_AFTER = 10_000;
export const PAY_AGAIN_AFTER = 20_000;
/** Some clients never say how the pay sheet ended: then, too, a new attempt is offered. */
export const SHEET_SILENT_AFTER = 60_000;
/** A pay sheet that says nothing for this long is not going to. */
export const BRIDGE_ANSWER = 300_000;
/** `WeixinJSBridge` may come late, but not this late. */
export const BRIDGE_READY = 5_000;

/** Between pay-success and the return page, so that the payer sees that it is paid. */
export const RETURN_AFTER = 1_200;
/** A page that is still here this long after it left for the sign-in has not left. */
export const SIGN_IN_LEAVE = 10_000;
/** A session is renewed this long before it ends. */
export const SESSION_MARGIN = 30_000;

/** A page that is still here this long after it left for WeChat's own has not left: the payer is asked how it went. */
export const PAYING_LEAVE = 10_000;
/** WeChat's payment orders live this long: whoever comes back later has forgotten the attempt, and so do we. */
export const ATTEMPT_KEPT = 7_200_000;

/** Loading a script. */
export const SCRIPT_LOAD = 15_000;
/** A call of the JS-SDK that asks the user nothing. */
export const JSSDK_CALL = 10_000;

/** After the sign-in, the page is scrolled to where it was as soon as it is high enough; for so long it is tried. */
export const SCROLL_PAUSE = 50;
export const SCROLL_PATIENCE = 3000;

/** An upload that does not get on for so long is given up; in WeChat nothing is heard of it between beginning and end. */
export const UPLOAD_STALL = 30_000;
export const WECHAT_UPLOAD_STALL = 150_000;
/** A timer that comes so much too late: the page slept meanwhile, and the upload with it. */
export const UPLOAD_SLEPT = 5_000;
/** The waits before an upload is tried again by itself: long enough for a proxy to start anew… */
export const UPLOAD_RETRIES: readonly number[] = [2_000, 8_000, 20_000];
/** …unless the proxy asks for a longer one than this. */
export const UPLOAD_RETRY_MAX = 60_000;
/** `wx.uploadImage`: an original may have ten megabytes. */
export const WECHAT_UPLOAD = 120_000;
/** Whoever chooses pictures in WeChat may look at each of them. */
export const WECHAT_CHOOSE = 1_800_000;
/** Whoever clicks is not kept waiting longer for a chooser that does not get ready… */
export const CHOOSER_READY = 3_000;
/** …and a click this long ago opens no file input any more. */
export const CLICK_COUNTS = 1_000;
/** A second click this soon is part of the first; WeChat's album takes longer to open. */
export const DOUBLE_CLICK = 400;
export const WECHAT_DOUBLE_CLICK = 1_000;
/** Whether a client knows an interface: some never say. */
export const JSSDK_CHECK = 3_000;
/** Decoding a picture, on an old phone. */
export const DECODE = 20_000;

/** Whatever changes the card at once, such as a route and then the title: it is set so long after the last of it. */
export const SHARE_SETTLE = 50;
/** After so long, a card that the network has kept from being set is tried again. */
export const SHARE_RETRY = 10_000;
/** An icon that takes longer is not judged. */
export const ICON_LOAD = 15_000;
/** A Content-Security-Policy is told of in a task of its own, about when the picture that it blocks fails. */
export const POLICY_LATE = 100;
