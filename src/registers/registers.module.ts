import { Module } from '@nestjs/common';
import { SearchModule } from '../search/search.module';
import { ConsentsController } from './consents.controller';
import { OversightController } from './oversight.controller';
import { RegisterCoreModule } from './register-core.module';

/** Registers that officers keep and read, over HTTP. */
@Module({
  imports: [RegisterCoreModule, SearchModule],
  controllers: [ConsentsController, OversightController],
})
export class RegistersModule {}
