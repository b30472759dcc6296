import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { onAbort } from '../../lib/core/on-abort.ts';

describe('onAbort', () => {
  it('notifies all waiting callbacks over one listener, and none after their undo', () => {
    const controller = new AbortController();
    const told: number[] = [];
    const undo = [0, 1, 2].map(i => onAbort(controller.signal, () => told.push(i)));
    expect(getEventListeners(controller.signal, 'abort')).to.have.lengthOf(1);
    undo[1]!();
    undo[1]!();
    controller.abort();
    expect(told).to.deep.equal([0, 2]);
  });

  it('removes its listener when nobody waits, and adds it again when somebody does', () => {
    const controller = new AbortController();
    const listeners = () => getEventListeners(controller.signal, 'abort').length;
    let told = 0;
    onAbort(controller.signal, () => told++)();
    expect(listeners()).to.equal(0);
    const undo = onAbort(controller.signal, () => {
      told++;
      undo();
    });
    controller.abort();
    expect([told, listeners()]).to.deep.equal([1, 0]);
  });
});
