import { connectClient, listen } from '../../contenders/connect-service.ts';
import { overAsyncIterables } from './over-async-iterables.ts';

export const contender = overAsyncIterables({ listen, clientOf: connectClient });
