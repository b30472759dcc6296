import { inspect } from 'node:util';
import { expect } from 'chai';
import { lastValueFrom, map, of } from 'rxjs';
import { withCall } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';

const note: Note = { n: 1 };

overEachTransport('A call that is printed', bench => {
  const middleware = { none: [], some: [(rpc: any) => rpc] };

  for (const [name, list] of Object.entries(middleware)) {
    for (const shape of shapes) {
      it(`prints as a call, with a reminder to subscribe until that has happened: ${shape}, middleware: ${name}`, async () => {
        const { client } = await bench.run(
          inAllShapes(request$ => request$),
          {},
          { middleware: list },
        );
        const call$ = await callOf(client, shape, of(note));
        for (const text of [inspect(call$), `${call$}`, inspect({ deep: { deep: { call$ } } })]) {
          expect(text)
            .to.contain(`a call of ${Lab[shape].path}`)
            .and.to.match(/begins when it is subscribed to: .*firstValueFrom/);
        }
        expect(inspect(call$.pipe(map(({ n }) => n)))).to.contain('begins when it is subscribed to');
        await lastValueFrom(call$);
        expect(inspect(call$))
          .to.contain(Lab[shape].path)
          .and.to.match(/has been subscribed to$/);
      });
    }
  }

  it('also does so as the response$ of withCall', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const { response$ } = withCall(client.unary, note);
    expect(inspect(response$)).to.match(/call of \/lab\.Lab\/Unary, which begins when it is subscribed to/);
    await lastValueFrom(response$);
    expect(inspect(response$)).to.match(/has been subscribed to$/);
  });
});
