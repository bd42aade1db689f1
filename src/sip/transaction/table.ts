/** What a machine may do. The whole list: `transaction.ts` runs each in one switch per side. */
export type ClientAction =
  | 'sendRequest'
  | 'acknowledge'
  | 'repeatAck'
  | 'passUp'
  | 'failTimeout'
  | 'failTransport'
  | 'startTimerA'
  | 'doubleTimerA'
  | 'startTimerB'
  | 'startTimerD'
  | 'startTimerE'
  | 'doubleTimerE'
  | 'startTimerEAtT2'
  | 'startTimerF'
  | 'startTimerK'
  | 'startTimerM'
  | 'stopTimers';

export type ServerAction =
  | 'sendResponse'
  | 'repeatResponse'
  | 'sendTrying'
  | 'passAck'
  | 'tellTransport'
  | 'failAckMissing'
  | 'startTimer100'
  | 'startTimerG'
  | 'doubleTimerG'
  | 'startTimerH'
  | 'startTimerI'
  | 'startTimerJ'
  | 'startTimerL'
  | 'stopTimers';

/** One cell: where to go, what to do in order (the new state already holds), and the text that says so. */
export interface Cell<State extends string, Action extends string> {
  readonly next: State;
  readonly actions: readonly Action[];
  readonly source: string;
}

/** State × event → cell. An empty cell means: no effect. */
export type MachineTable<State extends string, Event extends string, Action extends string> = {
  readonly [S in State]: { readonly [E in Event]?: Cell<State, Action> };
};
