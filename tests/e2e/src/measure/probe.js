// Put into the page of a measured window. It tells, for one input event, how long it took until what was waited for was
// painted, and which calls to Rust were made on the way.
//
// Begin: the event's own time stamp (the engine's, when the input reached it). End: a task posted from the first animation
// frame in which the page holds what is waited for, which runs after that frame has been painted.
(() => {
  if (window.__measure) return;
  const calls = [];
  const own = window.fetch;
  let weighing = false;
  window.fetch = (input, init) => {
    const url = String(input?.url ?? input);
    if (!url.startsWith('ipc:') && !url.includes('ipc.localhost')) return own(input, init);
    const call = { name: url.split('/').at(-1), start: performance.now(), end: null, sent: 0, received: 0 };
    const body = init?.body;
    call.sent = body?.byteLength ?? body?.length ?? 0;
    calls.push(call);
    return own(input, init).then(async (response) => {
      call.end = performance.now();
      if (weighing) call.received = (await response.clone().arrayBuffer()).byteLength;
      return response;
    });
  };
  const PATIENCE_MS = 20_000;
  window.__measure = {
    result: null,
    weigh(on) {
      weighing = on;
    },
    /** Calls made since the last input that was waited for. */
    calls: () => calls,
    /** Waits for the next event of a kind, then for `done` to hold in a painted frame. */
    arm(kind, done) {
      this.result = new Promise((resolve, reject) => {
        const begin = (event) => {
          window.removeEventListener(kind, begin, true);
          calls.length = 0;
          const t0 = event.timeStamp;
          const late = performance.now() - t0;
          const frame = () => {
            const now = performance.now();
            if (now - t0 > PATIENCE_MS) {
              reject(new Error(`never: ${String(done)}`));
              return;
            }
            if (!done()) {
              requestAnimationFrame(frame);
              return;
            }
            // What the frame would do anyway, done here to tell it from the scripts before and the painting after.
            document.documentElement.getBoundingClientRect();
            const laid = performance.now();
            const painted = new MessageChannel();
            painted.port1.onmessage = () => {
              const t1 = performance.now();
              const answered = calls.filter((call) => call.end !== null && call.end <= t1);
              const first = answered[0]?.start ?? t1;
              const last = answered.reduce((latest, call) => Math.max(latest, call.end), first);
              resolve({
                total: t1 - t0,
                late,
                before: Math.max(0, first - t0),
                ipc: last - first,
                after: t1 - last,
                layout: laid - now,
                paint: t1 - laid,
                calls: answered.length,
                submit: answered.find((call) => call.name === 'submit')?.end - t0 || null,
              });
            };
            painted.port2.postMessage(null);
          };
          requestAnimationFrame(frame);
        };
        window.addEventListener(kind, begin, true);
      });
      // Asked for later; a refusal must not count as unhandled meanwhile.
      this.result.catch(() => undefined);
    },
  };
})();
