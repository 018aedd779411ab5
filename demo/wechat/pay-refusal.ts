/** A refusal of api.mch.weixin.qq.com: `{"code", "message", "detail"?}` with its HTTP status. */
export class PayRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;

  constructor(status: number, code: string, message: string, detail?: unknown) {
    super(message);
    this.name = 'PayRefusal';
    this.status = status;
    this.code = code;
    this.detail = detail;
  }

  toJSON(): { code: string; message: string; detail?: unknown } {
    return {
      code: this.code,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      message: this.message,
    };
  }
}
