import { Logger } from '@nestjs/common';

// What a test provokes on purpose must not fill the report.
Logger.overrideLogger(false);
