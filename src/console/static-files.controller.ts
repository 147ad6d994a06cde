import { join } from 'node:path';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/principal';
import { AppError } from '../common/app-error';
import { CONSOLE_HEADERS, loadStaticFiles, StaticFile } from './static-files';

/** A year, s: files under assets/ carry their hash in their name. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Serves the built console: its files below /console/, and its page at / and for every other address below /console. */
@ApiExcludeController()
@Public()
@Controller()
export class StaticFilesController {
  private readonly files = loadStaticFiles(join(__dirname, 'web'));

  @Get(['/', '/console'])
  index(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const file = this.files.get('index.html');
    if (!file) throw new AppError('CONSOLE_NOT_BUILT', 404, 'the console is not built: run "npm run build"');
    send(request, reply, file, 'no-cache');
  }

  @Get('/console/*')
  file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const path = request.url.slice('/console/'.length).split('?', 1)[0] ?? '';
    const file = this.files.get(path);
    if (file) send(request, reply, file, path.startsWith('assets/') ? FOR_EVER : 'no-cache');
    else if (path.startsWith('assets/')) throw new AppError('NOT_FOUND', 404, 'the console has no such file');
    else this.index(request, reply);
  }
}

function send(request: FastifyRequest, reply: FastifyReply, file: StaticFile, cacheControl: string): void {
  const compressed = /\bbr\b/.test(request.headers['accept-encoding'] ?? '') ? file.brotli : undefined;
  void reply
    .headers(CONSOLE_HEADERS)
    .headers({ 'content-type': file.type, 'cache-control': cacheControl, vary: 'accept-encoding' })
    .headers(compressed ? { 'content-encoding': 'br' } : {})
    .send(compressed ?? file.body);
}
