import { StandardSchemaValidationPipe } from '@nestjs/common';
import { fieldErrors, invalid } from '../validation.js';

/** Checks every `@Body({ schema })` and `@Query({ schema })`. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({ exceptionFactory: (issues) => invalid(fieldErrors(issues)) });
