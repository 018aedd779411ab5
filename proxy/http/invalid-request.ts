import type { z } from 'zod';
import { ProxyError } from '../errors.ts';

export interface FieldError {
  field: string;
  message: string;
}

/** A caller may name a field at any length. */
const MAX_FIELD = 128;

/** `invalid_request`, with every field that is wrong. Values are not repeated. */
export class InvalidRequest extends ProxyError {
  readonly errors: readonly FieldError[];

  constructor(part: 'body' | 'query', error: z.ZodError) {
    const errors = error.issues.flatMap((issue) => fieldErrors(issue));
    const fields = [...new Set(errors.map(({ field }) => field || part))];
    super('invalid_request', `The ${part} is not of the documented form: ${fields.join(', ')}.`);
    this.errors = errors;
  }
}

/** @param parent where the issue's own path begins */
function fieldErrors(issue: z.core.$ZodIssue, parent: readonly string[] = []): FieldError[] {
  const path = [...parent, ...issue.path.map(String)];
  const field = path.join('.').slice(0, MAX_FIELD);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        field: [...path, key].join('.').slice(0, MAX_FIELD),
        message: 'is not a field of this request',
      }));
    case 'invalid_key':
      return [{ field, message: issue.issues[0]!.message }];
    case 'invalid_union': {
      const branches = issue.errors.flat();
      return branches.length > 0
        ? branches.flatMap((branch) => fieldErrors(branch, path))
        : [{ field, message: issue.message }];
    }
    default:
      return [{ field, message: issue.message }];
  }
}
