// A small freight company, instrumented with the SDK: node -r ./test/support/register.cjs examples/freight/main.ts
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { auditing } from './audit';
import { Invoices, InvoicesController } from './invoices';
import { LoginGuard, People } from './people';
import { Shipments, ShipmentsController } from './shipments';
import { UsersController } from './users.controller';

@Module({
  imports: [auditing],
  controllers: [UsersController, ShipmentsController, InvoicesController],
  providers: [People, LoginGuard, Shipments, Invoices],
})
class FreightModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(FreightModule, new FastifyAdapter(), {
    logger: ['error'],
  });
  app.enableShutdownHooks();
  await app.listen(Number(process.env.FREIGHT_PORT ?? 3100), '127.0.0.1');
  console.log(`freight listens on ${await app.getUrl()}`);
}

void main();
