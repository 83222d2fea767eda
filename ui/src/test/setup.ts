// What jsdom lacks and the window uses: layout (a fixed viewport), ResizeObserver, modal dialogs, scrolling.
import { cleanup } from '@testing-library/svelte';
import { afterEach, vi } from 'vitest';

import { bringLanguage } from '../i18n/i18n.svelte';

/** The height every scroller has in the tests, in pixels. */
const VIEWPORT = 800;

class FixedResizeObserver implements ResizeObserver {
  constructor(private readonly callback: ResizeObserverCallback) {}
  observe(target: Element): void {
    // Asynchronous, as in a browser.
    queueMicrotask(() => {
      const scrolls = ['listbox', 'tree'].includes(target.getAttribute('role') ?? '');
      const height = scrolls ? VIEWPORT : 52;
      this.callback([{ target, contentRect: { width: 370, height } as DOMRectReadOnly } as ResizeObserverEntry], this);
    });
  }
  unobserve(): void {
    // Nothing is kept.
  }
  disconnect(): void {
    // Nothing is kept.
  }
}

// pdf.js asks for what Node has from version 22 on, and the window's web views have.
(Promise as { withResolvers?: unknown }).withResolvers ??= <T>() => {
  let resolve: (value: T | PromiseLike<T>) => void = () => undefined;
  let reject: (reason?: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
globalThis.ResizeObserver = FixedResizeObserver;
Object.defineProperty(HTMLElement.prototype, 'offsetParent', {
  get(this: HTMLElement) {
    return this.parentElement;
  },
});
Object.defineProperty(HTMLElement.prototype, 'clientHeight', { get: () => VIEWPORT });
HTMLElement.prototype.scrollTo = function scrollTo(this: HTMLElement, options?: ScrollToOptions | number): void {
  if (typeof options === 'object' && options.top !== undefined) this.scrollTop = options.top;
} as typeof HTMLElement.prototype.scrollTo;
// axe asks for it to look for icon fonts; there are none.
HTMLCanvasElement.prototype.getContext = () => null;
HTMLElement.prototype.scrollIntoView = vi.fn();
HTMLDialogElement.prototype.showModal = function showModal(this: HTMLDialogElement): void {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close(this: HTMLDialogElement): void {
  this.open = false;
};

// English is brought when it is wanted; tests want both.
await bringLanguage('en');

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
  delete document.documentElement.dataset.theme;
});
