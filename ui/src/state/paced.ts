// Reads asked for by events: at once the first time, then at most one at a time and one a gap, the last one never skipped.
// A first sync tells of dozens of changes a second; the screen needs only the newest.
export function paced(run: () => Promise<void>, gapMs: number): () => void {
  let running = false;
  let again = false;
  const loop = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await run();
      await new Promise((resolve) => setTimeout(resolve, gapMs));
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void loop();
  };
}
