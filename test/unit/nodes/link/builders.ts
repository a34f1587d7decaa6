/** To whom the messages of these tests go, and from whom. */
export const ADDRESS = { place: 'device', name: 'Filler 3', link: 'orders' } as const;
export const FROM = { kind: 'device', id: 'dev001', name: 'Gateway' } as const;
/** A message counts as done when it is safe, and is worth delivering for ever. */
export const KEPT = { confirm: 'kept', until: 0 } as const;
