import { AppError } from '../common/app-error';
import { readCursor, writeCursor } from './dead-letter';

describe('the cursor of a list of dead letters', () => {
  it('gives back the place it was made of', () => {
    const place = { createdAt: 1_790_000_000_000, id: '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12' };
    expect(readCursor(writeCursor(place))).toEqual(place);
  });

  it.each(['', 'x', Buffer.from('[1]').toString('base64url'), Buffer.from('[1,"x"]').toString('base64url')])(
    'is not %j',
    (text) => {
      expect(() => readCursor(text)).toThrow(
        expect.objectContaining({ status: 400, code: 'CURSOR_INVALID' }) as AppError,
      );
    },
  );
});
