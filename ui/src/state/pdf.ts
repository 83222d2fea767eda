// A PDF's pages, by pdf.js (docs/decisions/0009-pdf-by-pdfjs.md). This module is large and only loaded when a PDF is opened:
// import it with `import()`. What a PDF may ask for beyond showing itself (scripts, forms that change, other files, links)
// is not there: only its pages are drawn, and the text that stands on them is laid over the drawing.
import * as pdfjs from 'pdfjs-dist/legacy/build/pdf.mjs';
import workerUrl from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url';

/** CSS pixels of a PDF's point. */
const PIXELS = 96 / 72;
/** A drawing is never larger, in pixels: beyond, it is drawn coarser. */
const LARGEST = 16_000_000;
/** Nor is an image within it. */
const LARGEST_IMAGE = 64_000_000;

export type PdfRefusal = 'encrypted' | 'corrupt' | 'failed';

/** Why a PDF cannot be shown. */
export class PdfRefused extends Error {
  constructor(
    readonly why: PdfRefusal,
    /** What the library said. */
    detail: string,
  ) {
    super(detail);
    this.name = 'PdfRefused';
  }
}

export interface PageSize {
  width: number;
  height: number;
}

/** An open PDF. Its pages are drawn one at a time, by a worker that ends with it. */
export class Pdf {
  private line: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly document: pdfjs.PDFDocumentProxy,
    private readonly end: () => void,
  ) {}

  get pages(): number {
    return this.document.numPages;
  }

  /** A page's size at its own scale, in CSS pixels. Pages are numbered from 1. */
  async size(page: number): Promise<PageSize> {
    const { width, height } = (await this.document.getPage(page)).getViewport({ scale: PIXELS });
    return { width, height };
  }

  /** The text that stands on a page, line by line. */
  async text(page: number): Promise<string> {
    const { items } = await (await this.document.getPage(page)).getTextContent();
    return items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
  }

  /**
   * Draws a page once those asked for before it are drawn, and lays its text over it; answers the text. Does nothing any more
   * when `wanted` says so by then.
   */
  draw(
    page: number,
    scale: number,
    canvas: HTMLCanvasElement,
    layer: HTMLElement,
    wanted: () => boolean,
  ): Promise<void> {
    const turn = this.line.then(async () => {
      if (!this.closed && wanted()) await this.drawNow(page, scale, canvas, layer);
    });
    this.line = turn.catch(() => undefined);
    return turn;
  }

  private async drawNow(page: number, scale: number, canvas: HTMLCanvasElement, layer: HTMLElement): Promise<void> {
    const held = await this.document.getPage(page);
    const viewport = held.getViewport({ scale: scale * PIXELS });
    const context = canvas.getContext('2d');
    layer.replaceChildren();
    if (!context) {
      // Nowhere to draw: its words at least.
      layer.textContent = await this.text(page);
      return;
    }
    const fine = Math.min(globalThis.devicePixelRatio || 1, Math.sqrt(LARGEST / (viewport.width * viewport.height)));
    canvas.width = Math.floor(viewport.width * fine);
    canvas.height = Math.floor(viewport.height * fine);
    const transform = fine === 1 ? undefined : [fine, 0, 0, fine, 0, 0];
    await held.render({ canvas, canvasContext: context, viewport, transform }).promise;
    if (this.closed) return;
    layer.style.setProperty('--total-scale-factor', String(viewport.scale));
    await new pdfjs.TextLayer({ textContentSource: held.streamTextContent(), container: layer, viewport }).render();
    held.cleanup();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.end();
  }
}

/** Opens a PDF from its bytes, which are taken over. Refused with a {@link PdfRefused}. */
export async function openPdf(bytes: Uint8Array<ArrayBuffer>): Promise<Pdf> {
  // A worker of its own for each document: whatever a document does to it ends with it. (Where there are no workers, in
  // tests, pdf.js does the work in place.)
  const port = typeof Worker === 'function' ? new Worker(workerUrl, { type: 'module' }) : null;
  const worker = port ? pdfjs.PDFWorker.create({ port }) : undefined;
  const task = pdfjs.getDocument({
    data: bytes,
    worker,
    // The decoders of scanned pages come with the window as plain scripts: its policy allows no WebAssembly.
    useWasm: false,
    useWorkerFetch: false,
    wasmUrl: new URL('pdf/', document.baseURI).href,
    enableXfa: false,
    disableAutoFetch: true,
    maxImageSize: LARGEST_IMAGE,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
  });
  const end = (): void => {
    void task.destroy().finally(() => {
      worker?.destroy();
      port?.terminate();
    });
  };
  // A worker that does not start says so by an event, and answers nothing.
  const stillborn = new Promise<never>((_, refuse) => {
    port?.addEventListener('error', (event) => refuse(new Error(event.message || 'the worker did not start')), {
      once: true,
    });
  });
  try {
    return new Pdf(await Promise.race([task.promise, stillborn]), end);
  } catch (error) {
    end();
    const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
    const why = name === 'PasswordException' ? 'encrypted' : name === 'InvalidPDFException' ? 'corrupt' : 'failed';
    throw new PdfRefused(why, message);
  }
}
