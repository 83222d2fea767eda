// The window's one clock: everything that shows remaining time reads it, so that a list turns over together and a test
// can stop it.
class Clock {
  now = $state(new Date());
}

export const clock = new Clock();

/** Keeps the clock going; returns what stops it. */
export function startClock(everyMs = 10_000): () => void {
  clock.now = new Date();
  const timer = setInterval(() => {
    clock.now = new Date();
  }, everyMs);
  return () => clearInterval(timer);
}
