import { randomBytes } from 'node:crypto';

/** What the console lists of a template; its content names its keys as `{{key.DATA}}`. */
export interface Template {
  id: string;
  kind: 'template' | 'subscription';
  title: string;
  content: string;
  keys: string[];
}

/** `content`, or only its keys. */
export interface NewTemplate {
  id?: string;
  kind?: Template['kind'];
  title: string;
  content?: string;
  keys?: string[];
}

const ORDER_PAID = `{{first.DATA}}
商品：{{product.DATA}}
价格：{{price.DATA}}
时间：{{time.DATA}}
{{remark.DATA}}`;
const ORDER_SENT = `商品名称：{{thing1.DATA}}
快递单号：{{character_string2.DATA}}
发货时间：{{time3.DATA}}`;

/** The templates that the account has chosen, of both kinds. */
export class Templates {
  readonly #start: readonly Template[] = [
    templateOf({ title: '购买成功通知', content: ORDER_PAID }),
    templateOf({ title: '订单发货通知', content: ORDER_SENT, kind: 'subscription' }),
  ];
  #templates: Template[] = [...this.#start];

  /** The one with first, product, price, time and remark. */
  get orderPaid(): Template {
    return this.#start[0]!;
  }

  get subscription(): Template {
    return this.#start[1]!;
  }

  list(): readonly Template[] {
    return this.#templates;
  }

  get(id: unknown, kind: Template['kind']): Template | undefined {
    return this.#templates.find((template) => template.id === id && template.kind === kind);
  }

  /** @throws TypeError where it has no title, no key, or an id that is taken */
  add(given: NewTemplate): Template {
    const template = templateOf(given);
    if (!template.title || template.keys.length === 0)
      throw new TypeError('A template has a title, and content or keys.');
    if (this.#templates.some(({ id }) => id === template.id)) throw new TypeError(`${template.id} is there already.`);
    this.#templates.push(template);
    return template;
  }

  /** As at the start. */
  reset(): void {
    this.#templates = [...this.#start];
  }
}

/** The lines of a template: what stands before each key, without its colon. */
export function linesOf({ content }: Template): { key: string; label: string }[] {
  return [...content.matchAll(/^(.*?)\{\{(\w+)\.DATA\}\}/gm)].map(([, before = '', key = '']) => ({
    key,
    label: before.replace(/[：:]\s*$/, ''),
  }));
}

function templateOf({ id, kind = 'template', title, content, keys = [] }: NewTemplate): Template {
  const text = content ?? keys.map((key) => `${key}：{{${key}.DATA}}`).join('\n');
  const template = {
    id: id ?? randomBytes(32).toString('base64url'),
    kind,
    title,
    content: text,
    keys: [] as string[],
  };
  template.keys = linesOf(template).map(({ key }) => key);
  return template;
}
