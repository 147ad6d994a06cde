import { Body, Controller, HttpCode, Param, Patch, Post, UnauthorizedException, UseGuards } from '@nestjs/common';
import { AuditApi, AuditLogger, EventType } from 'mcp-audit/sdk';
import { LoginGuard, Needs, People, Person, Role } from './people';

@Controller()
export class UsersController {
  constructor(
    private readonly people: People,
    private readonly audit: AuditLogger,
  ) {}

  @Post('login')
  @HttpCode(204)
  login(@Body() { user, password }: { user: string; password: string }): void {
    const person = this.people.find(user);
    const known = person?.password === password;
    void this.audit.logAuthenticationEvent(
      known ? EventType.LOGIN_SUCCESS : EventType.LOGIN_FAILED,
      known ? 'Logged in' : 'Wrong name or password',
      { userId: user },
    );
    if (!known) throw new UnauthorizedException();
  }

  @Post('users')
  @UseGuards(LoginGuard)
  @Needs('admin')
  @AuditApi({ logRequestBody: true })
  create(@Body() person: Person): { id: string } {
    return { id: this.people.create(person).id };
  }

  @Patch('users/:id/role')
  @UseGuards(LoginGuard)
  @Needs('admin')
  assign(@Param('id') id: string, @Body() { role }: { role: Role }): void {
    this.people.assign(id, role);
  }
}
