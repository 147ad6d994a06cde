import {
  CanActivate,
  ExecutionContext,
  ForbiddenException,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuditAction, EventType } from 'mcp-audit/sdk';

export type Role = 'clerk' | 'accountant' | 'admin';

export interface Person {
  id: string;
  name: string;
  role: Role;
  password: string;
}

/** The people who work here; a real application keeps no passwords as they are. */
@Injectable()
export class People {
  private readonly people = new Map<string, Person>(
    [
      { id: 'anna', name: 'Anna Ahrens', role: 'clerk' as const, password: 'apple' },
      { id: 'bert', name: 'Bert Brandt', role: 'accountant' as const, password: 'banana' },
      { id: 'carla', name: 'Carla Costa', role: 'admin' as const, password: 'cherry' },
    ].map((person) => [person.id, person]),
  );

  find(id: string): Person | undefined {
    return this.people.get(id);
  }

  @AuditAction(EventType.USER_CREATED, 'New user account created', {
    fields: ({ result }) => ({ resourceType: 'user', resourceId: (result as Person).id }),
  })
  create(person: Person): Person {
    this.people.set(person.id, person);
    return person;
  }

  @AuditAction(EventType.ROLE_ASSIGNED, 'Role changed', {
    fields: ({ args: [id, role] }) => ({ resourceType: 'user', resourceId: String(id), details: { role } }),
  })
  assign(id: string, role: Role): void {
    const person = this.people.get(id);
    if (person) person.role = role;
  }
}

const NEEDS = 'freight:role';
export const Needs = (role: Role) => SetMetadata(NEEDS, role);

/** Knows people by the header x-user, as behind a proxy that logs them in. */
@Injectable()
export class LoginGuard implements CanActivate {
  constructor(
    private readonly people: People,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: Person }>();
    const person = this.people.find(request.headers['x-user'] ?? '');
    if (!person) throw new UnauthorizedException();
    request.user = person;
    const role = this.reflector.get<Role | undefined>(NEEDS, context.getHandler());
    if (role && person.role !== role && person.role !== 'admin')
      throw new ForbiddenException(`this needs the role ${role}`);
    return true;
  }
}
