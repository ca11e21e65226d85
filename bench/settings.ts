/** So that nothing is learnt unless it is asked for. */
export const RESTS = {
  minNewLabels: 1_000_000,
  debounceSeconds: 0,
  maxWaitSeconds: 0,
  nightlyHour: null,
  refitAfterModels: null,
};

/** Changes settings of the default project. Throws an Error with the answer when it is a refusal. */
export async function changeSettings(url: string, adminKey: string, settings: object): Promise<void> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ settings });
  const answer = await fetch(`${url}/v1/projects/default`, { method: 'PATCH', headers, body });
  if (!answer.ok) throw new Error(await answer.text());
}
