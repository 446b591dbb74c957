import { z } from 'zod';
import { HttpError } from './errors.ts';

const SPAN_MS_MAX = 366 * 86_400_000;
const NAME_CHARS_MAX = 256;

const timeMs = z.coerce
  .number('write Unix milliseconds')
  .int('write whole Unix milliseconds')
  .min(0, 'write Unix milliseconds from 0 up')
  .max(8_640_000_000_000_000, 'is beyond the year 275760');

const name = z
  .string('is missing')
  .min(1, 'is empty')
  .max(NAME_CHARS_MAX, `has more than ${NAME_CHARS_MAX} characters`);

const span = z.object({ from: timeMs, to: timeMs });

function ordered<T extends { readonly from: number; readonly to: number }>(schema: z.ZodType<T>): z.ZodType<T> {
  return schema
    .refine(({ from, to }) => from < to, { path: ['to'], error: 'must be later than `from`' })
    .refine(({ from, to }) => to - from <= SPAN_MS_MAX, { path: ['from'], error: 'is more than 366 days before `to`' });
}

const points = z.coerce.number('write a number').int().min(2).max(5000).default(1000);

export const trackQuery = ordered(span.extend({ points }));
export const seriesQuery = ordered(span.extend({ points, signal: name }));
export const eventsQuery = ordered(
  span.extend({ limit: z.coerce.number('write a number').int().min(1).max(1000).default(200) }),
);
export const streamQuery = z.object({ vehicle: name.optional() });
export const pathName = name;
export const linkBody = z.strictObject({ up: z.boolean('is missing: write true to restore, false to cut') });

/** The parameters as `schema` wants them, or a 400 that names the first one that is wrong. */
export function parseParams<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const parameter = issue.path.length > 0 ? issue.path.join('.') : 'body';
  throw new HttpError(400, 'parameter-invalid', `\`${parameter}\`: ${issue.message}`, parameter);
}
