import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

/** What Nest says about its own start is of interest to nobody but us. */
const STARTING = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);

/** Nest's log as JSON lines. Messages and facts carry ids, never what people wrote: inputs stay out of the log. */
export class PinoLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(level: string) {
    this.pino = pino({ level, redact: ['*.authorization', '*.key', '*.password'], base: null });
  }

  log = this.writer('info');
  error = this.writer('error');
  warn = this.writer('warn');
  debug = this.writer('debug');
  verbose = this.writer('debug');
  fatal = this.writer('fatal');

  flush(): void {
    this.pino.flush();
  }

  /** Nest passes the message first, a stack in the middle (errors), and the context last. */
  private writer(level: 'info' | 'error' | 'warn' | 'debug' | 'fatal') {
    return (message: unknown, ...rest: unknown[]): void => {
      const context = rest.at(-1);
      const facts = typeof message === 'object' && message !== null ? message : { msg: String(message) };
      const stack = rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};
      const isStarting = level === 'info' && STARTING.has(String(context));
      this.pino[isStarting ? 'debug' : level]({
        context: typeof context === 'string' ? context : undefined,
        ...facts,
        ...stack,
      });
    };
  }
}
