// Where the focus goes when something is opened.
import { tick } from 'svelte';

/** Frames waited for what was opened: a local read takes one or two, more on a machine that is busy. */
const PATIENCE = 120;

/** Moves the focus to the heading of what was opened, once it is there, as long as `still` holds. */
export async function focusHeading(still: () => boolean): Promise<void> {
  for (let frame = 0; frame < PATIENCE; frame++) {
    await tick();
    if (!still()) return;
    const heading = document.querySelector<HTMLElement>('[data-pane] h1[tabindex]');
    if (heading) {
      heading.focus();
      return;
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}
