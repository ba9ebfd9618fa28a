/**
 * Owns the reading of a server-sent event stream (WHATWG HTML, "Server-sent events"), as far as a program needs it: events with their
 * ids, whatever the chunks that they arrive in.
 */

export interface StreamEvent {
  /** The id of the last event that had one. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Line ends: CRLF, LF, or a CR that is not the last character so far, since its LF may be on its way. */
const LINE_END = /\r\n|\n|\r(?!$)/;

/**
 * The events of a stream. An event that was not finished when the stream ended is dropped, as the standard has it.
 * `onHeard` is called for whatever arrives, comments included.
 */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  onHeard: () => void = () => {},
): AsyncGenerator<StreamEvent> {
  // TextDecoder drops the byte order mark that a stream may begin with.
  const decoder = new TextDecoder();
  let rest = '';
  let id = '';
  let event = '';
  let data: string[] = [];
  for await (const chunk of chunks) {
    onHeard();
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(LINE_END);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { id, event: event === '' ? 'message' : event, data: data.join('\n') };
        event = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') data.push(value);
      else if (field === 'event') event = value;
      else if (field === 'id' && !value.includes('\0')) id = value;
    }
  }
}
