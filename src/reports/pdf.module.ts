import { Module } from '@nestjs/common';
import { PdfRenderer } from './pdf-renderer';

/** HTML to PDF, for whoever has a document. */
@Module({ providers: [PdfRenderer], exports: [PdfRenderer] })
export class PdfModule {}
