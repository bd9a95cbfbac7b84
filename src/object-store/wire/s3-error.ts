/** What an S3 client is told when something cannot be done: Amazon's code, the HTTP status that belongs to it, and words. */
export class S3Error extends Error {
  readonly code: S3Code;

  constructor(code: S3Code, message: string = STATUSES[code].says) {
    super(message);
    this.name = 'S3Error';
    this.code = code;
  }

  get status(): number {
    return STATUSES[this.code].status;
  }
}

/** Amazon's codes, of which clients know what to do: some are tried again, some are not. */
const STATUSES = {
  AccessDenied: { status: 403, says: 'these keys do not allow that' },
  AuthorizationHeaderMalformed: { status: 400, says: 'the Authorization header cannot be read' },
  AuthorizationQueryParametersError: { status: 400, says: 'the signature in the query cannot be read' },
  BadDigest: { status: 400, says: 'the checksum is not that of what came' },
  BucketAlreadyOwnedByYou: { status: 409, says: 'the bucket is there, and stays' },
  EntityTooSmall: { status: 400, says: 'every part but the last has at least 5 MiB' },
  IncompleteBody: { status: 400, says: 'less came than was announced' },
  InsufficientStorage: { status: 507, says: 'the disk is full' },
  InternalError: { status: 500, says: 'an error inside aichor' },
  InvalidAccessKeyId: { status: 403, says: 'there is no such access key' },
  InvalidArgument: { status: 400, says: 'a parameter cannot be read' },
  InvalidDigest: { status: 400, says: 'Content-MD5 is no MD5' },
  InvalidPart: { status: 400, says: 'there is no such part, or it has another ETag' },
  InvalidPartOrder: { status: 400, says: 'the parts are not in the order of their numbers' },
  InvalidRange: { status: 416, says: 'the object ends before that' },
  InvalidRequest: { status: 400, says: 'this cannot be asked for' },
  KeyIsTaken: { status: 409, says: 'a folder and a file cannot have the same name' },
  KeyTooLongError: { status: 400, says: 'the key is too long for a file' },
  MalformedXML: { status: 400, says: 'the XML cannot be read' },
  MethodNotAllowed: { status: 405, says: 'this cannot be done with it' },
  NoSuchBucket: { status: 404, says: 'there is no such bucket' },
  NoSuchKey: { status: 404, says: 'there is no such object' },
  NoSuchTagSet: { status: 404, says: 'it has no tags' },
  NoSuchUpload: { status: 404, says: 'there is no such upload' },
  NotImplemented: { status: 501, says: 'aichor’s object storage does not have that' },
  PreconditionFailed: { status: 412, says: 'a condition of the request does not hold' },
  RequestTimeTooSkewed: { status: 403, says: 'the clock of the client is wrong' },
  SignatureDoesNotMatch: { status: 403, says: 'the signature is not that of this request' },
  XAmzContentSHA256Mismatch: { status: 400, says: 'x-amz-content-sha256 is not that of what came' },
} as const;

export type S3Code = keyof typeof STATUSES;
