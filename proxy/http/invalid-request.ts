import type { z } from 'zod';
import { ProxyError } from '../errors.ts';

export interface FieldError {
  field: string;
  message: string;
}

/** `invalid_request`, with every field that is wrong. Values are not repeated. */
export class InvalidRequest extends ProxyError {
  readonly errors: readonly FieldError[];

  constructor(part: 'body' | 'query', error: z.ZodError) {
    const errors = error.issues.flatMap(fieldErrors);
    const fields = [...new Set(errors.map(({ field }) => field || part))];
    super('invalid_request', `The ${part} is not of the documented form: ${fields.join(', ')}.`);
    this.errors = errors;
  }
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, key].join('.').slice(0, 128),
      message: 'is not a field of this request',
    }));
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.flat();
    return branches.length > 0 ? branches.flatMap(fieldErrors) : [{ field: path.join('.'), message: issue.message }];
  }
  return [{ field: path.join('.'), message: issue.message }];
}
