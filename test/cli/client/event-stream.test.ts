/** Event streams as servers send them, in whatever pieces they arrive. */
import { describe, expect, test } from 'vitest';
import { readEvents, type StreamEvent } from '../../../src/cli/client/event-stream.js';

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let first = 0; first < bytes.length; first += size) yield bytes.slice(first, first + size);
}

async function read(text: string, size = Infinity): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = [];
  const bytes = new TextEncoder().encode(text);
  for await (const event of readEvents(chunksOf(bytes, Math.min(size, Math.max(1, bytes.length))))) events.push(event);
  return events;
}

describe('readEvents', () => {
  test.each([
    [
      'an event with all fields',
      'id: 7\nevent: transition\ndata: {"a":1}\n\n',
      [{ id: '7', event: 'transition', data: '{"a":1}' }],
    ],
    [
      'data without the space, or with two',
      'data:a\n\ndata:  b\n\n',
      [
        { id: '', event: 'message', data: 'a' },
        { id: '', event: 'message', data: ' b' },
      ],
    ],
    ['several lines of data', 'data: a\ndata\ndata: c\n\n', [{ id: '', event: 'message', data: 'a\n\nc' }]],
    [
      'an id that stays',
      'id: 1\ndata: a\n\ndata: b\n\n',
      [
        { id: '1', event: 'message', data: 'a' },
        { id: '1', event: 'message', data: 'b' },
      ],
    ],
    [
      'an event type that does not stay',
      'event: x\ndata: a\n\ndata: b\n\n',
      [
        { id: '', event: 'x', data: 'a' },
        { id: '', event: 'message', data: 'b' },
      ],
    ],
    [
      'comments, unknown fields and blocks without data',
      ': hello\n\nretry: 10\nfoo: bar\n\nevent: x\n\ndata: a\n\n',
      [{ id: '', event: 'message', data: 'a' }],
    ],
    [
      'CRLF and CR',
      'data: a\r\n\r\ndata: b\r\rdata: c\n\n',
      ['a', 'b', 'c'].map((data) => ({ id: '', event: 'message', data })),
    ],
    ['a byte order mark', '\uFEFFdata: a\n\n', [{ id: '', event: 'message', data: 'a' }]],
    ['what is not finished', 'data: a\n\ndata: b\n', [{ id: '', event: 'message', data: 'a' }]],
    ['an id with a NUL', 'id: a\0b\ndata: a\n\n', [{ id: '', event: 'message', data: 'a' }]],
    ['text beyond ASCII', 'data: zwölf → 12\n\n', [{ id: '', event: 'message', data: 'zwölf → 12' }]],
  ])('%s', async (_, text, events) => {
    expect(await read(text)).toEqual(events);
    // One byte at a time splits lines, CRLF pairs and characters alike.
    expect(await read(text, 1)).toEqual(events);
  });

  test('tells of every sound, comments included', async () => {
    let heard = 0;
    const bytes = new TextEncoder().encode(': heartbeat\n\n');
    for await (const _ of readEvents(chunksOf(bytes, 5), () => (heard += 1))) expect.unreachable();
    expect(heard).toBe(3);
  });
});
