/** Owns the API's errors: `Status` objects, with the reasons, texts and details that a real API server answers. */
import type { Resource } from '../resources.js';
import { qualifiedPlural } from '../resources.js';

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
}

/** An answer that is not a success; `code` is the HTTP status. It is protocol, not a failure of the simulator. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** The token with which an expired paged list may go on, inconsistently. */
  readonly continueToken: string | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    extra: { readonly details?: StatusDetails; readonly continueToken?: string } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = extra.details;
    this.continueToken = extra.continueToken;
  }

  /** The `Status` object to answer with. */
  toStatus(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

type Named = Pick<Resource, 'group' | 'plural' | 'kind'>;

function identify(resource: Named, name: string, kind = resource.plural): StatusDetails {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind };
}

export function notFound(resource: Named, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualifiedPlural(resource)} "${name}" not found`, {
    details: identify(resource, name),
  });
}

/** A path that leads nowhere inside a group that is served. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function alreadyExists(resource: Named, name: string): ApiError {
  return new ApiError(409, 'AlreadyExists', `${qualifiedPlural(resource)} "${name}" already exists`, {
    details: identify(resource, name),
  });
}

export function conflict(resource: Named, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedPlural(resource)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, { details: identify(resource, name) });
}

export function modifiedMeanwhile(resource: Named, name: string): ApiError {
  return conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function forbidden(resource: Named, name: string, why: string, causes?: StatusDetails['causes']): ApiError {
  return new ApiError(403, 'Forbidden', `${qualifiedPlural(resource)} "${name}" is forbidden: ${why}`, {
    details: { ...identify(resource, name), ...(causes === undefined ? {} : { causes }) },
  });
}

/** One field that is not as it must be. */
export interface InvalidField {
  readonly field: string;
  readonly reason: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden';
  /** The text after the field's name: `Required value`, `Invalid value: "x": must be …`. */
  readonly message: string;
}

export function invalid(resource: Named, name: string, fields: readonly InvalidField[]): ApiError {
  const qualified = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const texts = fields.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    details: {
      ...identify(resource, name, resource.kind),
      causes: fields.map(({ field, reason, message }) => ({ reason, message, field })),
    },
  });
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {
    details: {},
  });
}

export function unsupportedMediaType(supported: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
}

/** A list at a resourceVersion that is no longer kept. */
export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError(410, 'Expired', message, continueToken === undefined ? {} : { continueToken });
}

/** A watch from a resourceVersion that is no longer kept; sent as an ERROR event. */
export function tooOld(requested: number, oldest: number): ApiError {
  return expired(`too old resource version: ${requested} (${oldest})`);
}

export function tooLarge(requested: number, current: number): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

/** What a parameter that is no resourceVersion gets: 500, and no reason. */
export function badResourceVersion(text: string): ApiError {
  return new ApiError(
    500,
    '',
    `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
  );
}
