import 'reflect-metadata';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Recorded } from '../../test/support/recorded';
import { auditContext } from './context';
import { AuditDataChange } from './data-change';
import { AuditAction, AuditApi } from './decorators';

interface Account {
  id: string;
  name: string;
  role: string;
}

const failure = Object.assign(new Error('no such account'), { status: 404 });
const denial = Object.assign(new Error('not yours'), { getStatus: () => 403 });

class Service {
  readonly accounts = new Map<string, Account>([['a1', { id: 'a1', name: 'Anna', role: 'clerk' }]]);
  factor = 2;

  @AuditAction('DATA_CREATED', 'doubled', { logArguments: true, logResult: true })
  double(value: number): number {
    return value * this.factor;
  }

  @AuditAction('DATA_READ', 'read later')
  async later(value: number): Promise<number> {
    await sleep(1);
    return value * this.factor;
  }

  @AuditAction('DATA_READ', 'failed')
  fail(error: unknown): never {
    throw error;
  }

  @AuditAction('DATA_READ', 'failed later')
  async failLater(error: Error): Promise<void> {
    await sleep(1);
    throw error;
  }

  @AuditAction('DATA_READ', 'counted')
  *count(): Generator<number> {
    yield 1;
    yield this.factor;
  }

  @AuditAction('USER_CREATED', 'with fields', {
    fields: ({ args, result }) => ({ resourceType: 'user', resourceId: String(result), details: { given: args[0] } }),
  })
  create(name: string): string {
    return `id of ${name}`;
  }

  @AuditAction('DATA_READ', 'fields that fail', {
    fields: () => {
      throw new Error('mine');
    },
  })
  badFields(): string {
    return 'fine';
  }

  @AuditAction('DATA_READ', 'static')
  static make(): string {
    return this.name;
  }

  @AuditDataChange('account', {
    load(this: Service, id: string) {
      return this.accounts.get(id);
    },
  })
  rename(id: string, name: string): void {
    const account = this.accounts.get(id);
    if (account) account.name = name;
  }

  @AuditDataChange('account', {
    async load(this: Service, id: string) {
      await sleep(1);
      return this.accounts.get(id);
    },
  })
  async upsert(id: string, name: string): Promise<void> {
    await sleep(1);
    this.accounts.set(id, { id, name, role: 'clerk' });
  }

  @AuditDataChange('account', {
    load(this: Service, id: string) {
      return this.accounts.get(id) ?? null;
    },
  })
  remove(id: string): boolean {
    return this.accounts.delete(id);
  }

  @AuditDataChange('account')
  promote(account: Account): Account {
    account.role = 'boss';
    return account;
  }

  @AuditDataChange('account', { load: () => Promise.reject(new Error('the database is away')) })
  async change(_id: string): Promise<string> {
    await sleep(1);
    return 'changed';
  }
}

describe('the decorators', () => {
  let recorded: Recorded;
  let service: Service;
  beforeAll(async () => (recorded = await Recorded.start()));
  afterAll(() => recorded.stop());
  beforeEach(() => (service = new Service()));
  afterEach(() => recorded.errors.splice(0));

  it('give the result of a method that is not asynchronous at once', async () => {
    expect(service.double(4)).toBe(8);
    const [event] = await recorded.events();
    expect(event).toMatchObject({
      eventType: 'DATA_CREATED',
      description: 'doubled',
      details: { method: 'Service.double', arguments: [4], result: 8 },
    });
    expect(event?.outcome).toBeUndefined();
  });

  it('record an asynchronous method when it has ended, in the context that it was called in', async () => {
    const promise = auditContext({ userId: 'anna' }, () => service.later(3));
    expect(promise).toBeInstanceOf(Promise);
    expect(await promise).toBe(6);
    expect(await recorded.events()).toMatchObject([{ description: 'read later', context: { userId: 'anna' } }]);
  });

  it('throw the very error, and record it', async () => {
    expect(() => service.fail(failure)).toThrow(failure);
    expect(() => service.fail('just text')).toThrow('just text');
    await expect(service.failLater(denial)).rejects.toBe(denial);
    expect(await recorded.events()).toMatchObject([
      { outcome: 'failure', details: { error: { name: 'Error', message: 'no such account' } } },
      { outcome: 'failure', details: { error: 'just text' } },
      { outcome: 'denied', details: { error: { message: 'not yours' } } },
    ]);
  });

  it('leave generators and static methods what they are', async () => {
    expect([...service.count()]).toEqual([1, 2]);
    expect(Service.make()).toBe('Service');
    expect((await recorded.events()).map(({ details }) => details?.method)).toEqual(['Service.count', 'Service.make']);
  });

  it('take fields from the call, and get over fields that fail', async () => {
    expect(service.create('Bert')).toBe('id of Bert');
    expect(service.badFields()).toBe('fine');
    expect(await recorded.events()).toMatchObject([
      { context: { resourceType: 'user', resourceId: 'id of Bert' }, details: { given: 'Bert' } },
      { description: 'fields that fail' },
    ]);
    expect(recorded.errors).toMatchObject([{ code: 'CALLBACK_FAILED' }]);
  });

  it('keep name, length and metadata, whether above or below other decorators', () => {
    const Mark = (key: string) => (_: object, __: string, descriptor: PropertyDescriptor) =>
      Reflect.defineMetadata(key, 'kept', descriptor.value as object);
    class Controller {
      @Mark('above')
      @AuditApi()
      @Mark('below')
      handle(_a: number, _b: number): void {}
    }
    const handle = Object.getOwnPropertyDescriptor(Controller.prototype, 'handle')?.value as (
      ...args: unknown[]
    ) => void;
    expect([handle.name, handle.length]).toEqual(['handle', 2]);
    expect([Reflect.getMetadata('above', handle), Reflect.getMetadata('below', handle)]).toEqual(['kept', 'kept']);
  });

  it('work as standard decorators too', async () => {
    const method = function (this: { n: number }, add: number) {
      return this.n + add;
    };
    const context = { kind: 'method', name: 'sum' } as unknown as ClassMethodDecoratorContext;
    const wrapped = AuditAction('DATA_READ', 'standard')(method, context);
    expect(wrapped.call({ n: 1 }, 2)).toBe(3);
    expect(await recorded.events()).toMatchObject([{ description: 'standard', details: { method: 'sum' } }]);
  });

  it('refuse what is no method', () => {
    const descriptor = { get: () => 1 };
    expect(() => AuditAction('DATA_READ', 'x')({}, 'value', descriptor)).toThrow('value is none');
  });

  describe('@AuditDataChange', () => {
    it('tells what differs between before and after', async () => {
      service.rename('a1', 'Berta');
      expect(await recorded.events()).toMatchObject([
        {
          eventType: 'DATA_UPDATED',
          description: 'account changed',
          context: { resourceType: 'account', resourceId: 'a1' },
          changes: { before: { name: 'Anna' }, after: { name: 'Berta' } },
        },
      ]);
    });

    it('knows creation and deletion, and waits for a loader of an asynchronous method', async () => {
      await service.upsert('a2', 'Carla');
      await service.upsert('a2', 'Clara');
      service.remove('a2');
      const events = await recorded.events();
      expect(events.map(({ eventType }) => eventType)).toEqual(['DATA_CREATED', 'DATA_UPDATED', 'DATA_DELETED']);
      expect(events.map(({ changes }) => changes)).toEqual([
        { after: { id: 'a2', name: 'Carla', role: 'clerk' } },
        { before: { name: 'Carla' }, after: { name: 'Clara' } },
        { before: { id: 'a2', name: 'Clara', role: 'clerk' } },
      ]);
    });

    it('takes the argument and the result for the record without a loader', async () => {
      service.promote({ id: 'a9', name: 'Dora', role: 'clerk' });
      expect(await recorded.events()).toMatchObject([
        { context: { resourceId: 'a9' }, changes: { before: { role: 'clerk' }, after: { role: 'boss' } } },
      ]);
    });

    it('records the call although the record cannot be read', async () => {
      expect(await service.change('a1')).toBe('changed');
      expect(await recorded.events()).toMatchObject([{ eventType: 'DATA_UPDATED', context: { resourceId: 'a1' } }]);
      expect(recorded.errors).toMatchObject([{ code: 'CALLBACK_FAILED' }, { code: 'CALLBACK_FAILED' }]);
    });
  });

  describe('@AuditApi on a handler with request and response', () => {
    class Response extends EventEmitter {
      statusCode = 200;
      writableEnded = false;
      sent: unknown;
      writeHead(): void {}
      status(code: number): this {
        this.statusCode = code;
        return this;
      }
      json(body: unknown): this {
        this.sent = body;
        this.writableEnded = true;
        this.emit('finish');
        this.emit('close');
        return this;
      }
    }
    class Handlers {
      @AuditApi({ logRequestBody: true, logResponseBody: true })
      create(request: { body: { name: string } }, response: Response): void {
        setTimeout(() => response.status(201).json({ id: 1, name: request.body.name, token: 'secret' }), 50);
      }
      @AuditApi()
      crash(_request: object, response: Response): void {
        response.statusCode = 500;
        response.json({});
        throw failure;
      }
    }
    const request = { method: 'POST', url: '/api/users?token=abc', headers: {}, body: { name: 'Eva', password: 'x' } };

    it('records path, status and bodies, without secrets, when the answer is out', async () => {
      const response = new Response();
      new Handlers().create(request, response);
      expect(await recorded.events()).toEqual([]);
      await once(response, 'close');
      expect(response.sent).toEqual({ id: 1, name: 'Eva', token: 'secret' });
      expect(await recorded.events()).toMatchObject([
        {
          eventType: 'API_CALL',
          outcome: 'success',
          description: 'POST /api/users',
          details: {
            method: 'POST',
            path: '/api/users',
            status: 201,
            requestBody: { name: 'Eva', password: '[redacted]' },
            responseBody: { id: 1, name: 'Eva', token: '[redacted]' },
          },
        },
      ]);
    });

    it('records errors as API_ERROR', async () => {
      expect(() => new Handlers().crash(request, new Response())).toThrow(failure);
      expect(await recorded.events()).toMatchObject([
        { eventType: 'API_ERROR', outcome: 'failure', details: { status: 404 } },
      ]);
    });
  });
});
