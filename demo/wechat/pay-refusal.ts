/** How version 2 says the same, where it has words of its own: `err_code` and `err_code_des`; without a code, `return_msg`. */
export interface V2Words {
  code?: string;
  message?: string;
}

/**
 * A refusal of api.mch.weixin.qq.com. In version 3: `{"code", "message", "detail"?}` with its HTTP status; how version 2
 * says it is in v2-answers.ts, or here where the code alone does not tell.
 */
export class PayRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;
  readonly v2: V2Words | undefined;

  constructor(status: number, code: string, message: string, more: { detail?: unknown; v2?: V2Words } = {}) {
    super(message);
    this.name = 'PayRefusal';
    this.status = status;
    this.code = code;
    this.detail = more.detail;
    this.v2 = more.v2;
  }

  toJSON(): { code: string; message: string; detail?: unknown } {
    return {
      code: this.code,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      message: this.message,
    };
  }
}
