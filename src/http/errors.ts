/**
 * Owns what the HTTP surface answers when it refuses: every code with its HTTP status and meaning, and the error that carries one.
 * The ECS API's codes are those of its model and of AWS's JSON protocol (clients match on them); the rest are ecstate's own.
 */

export interface HttpErrorKind {
  readonly status: number;
  /** When it is answered, for the reference. */
  readonly meaning: string;
}

/** Every code that a body's `__type` may hold. */
export const HTTP_ERRORS = {
  // The ECS API's own.
  InvalidParameterException: { status: 400, meaning: 'A parameter has a value that is not allowed.' },
  ClientException: { status: 400, meaning: 'The request is not one that this caller may make now.' },
  ClusterNotFoundException: { status: 400, meaning: 'No task or service of this cluster is known.' },
  ServiceNotFoundException: { status: 400, meaning: 'No service of this name is known in the cluster.' },
  UnsupportedFeatureException: {
    status: 400,
    meaning: 'An operation of the ECS API that ecstate does not answer itself.',
  },
  ServerException: { status: 500, meaning: 'ecstate failed; its log says why, under the request id.' },
  // The JSON protocol's.
  UnknownOperationException: { status: 400, meaning: 'No operation was named, or none of the ECS API.' },
  SerializationException: { status: 400, meaning: 'The body is not JSON, or a parameter is not of its type.' },
  RequestEntityTooLarge: { status: 413, meaning: 'The body is larger than ecstate takes.' },
  UnsupportedMediaType: {
    status: 415,
    meaning: 'The Content-Type is neither application/x-amz-json-1.1 nor application/json.',
  },
  // HTTP's and ecstate's.
  BadRequest: { status: 400, meaning: 'The request is not well-formed HTTP, or its path or query cannot be read.' },
  NotFound: { status: 404, meaning: 'Nothing is served at this path.' },
  MethodNotAllowed: { status: 405, meaning: 'The path exists, but not for this method; Allow names those it takes.' },
  RequestTimeout: { status: 408, meaning: 'The request did not arrive in time.' },
  RequestHeaderFieldsTooLarge: { status: 431, meaning: 'The request line and headers are larger than ecstate takes.' },
  TaskNotFound: { status: 404, meaning: 'No task of this id or ARN is known.' },
  AmbiguousTask: { status: 409, meaning: 'Tasks of several clusters have this id; taskArns lists them.' },
  ServiceNotFound: { status: 404, meaning: 'No service of this name or ARN is known.' },
  AmbiguousService: { status: 409, meaning: 'Several clusters have a service of this name; serviceArns lists them.' },
  TooManyStreams: { status: 429, meaning: 'As many event streams are open as ecstate serves.' },
} as const satisfies Readonly<Record<string, HttpErrorKind>>;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** A refusal: what a client is told, word for word. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  /** Members of the body beside `__type` and `message`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: HttpErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'HttpError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return HTTP_ERRORS[this.code].status;
  }

  /** The body, in the form that AWS's SDKs take apart. */
  get body(): Readonly<Record<string, unknown>> {
    return { __type: this.code, message: this.message, ...this.details };
  }
}

/** How much of a caller's value an error message repeats, in characters. */
const MAX_QUOTED = 255;

/** A caller's value as an error message may repeat it. */
export const quoted = (value: string): string => (value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value);

/** An InvalidParameterException with this message. */
export const invalidParameter = (message: string): HttpError => new HttpError('InvalidParameterException', message);
