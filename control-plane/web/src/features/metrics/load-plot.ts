import 'uplot/dist/uPlot.min.css';

/** Some systems call their language what browsers pass on but do not take back, such as `en-US@posix`. */
function mendLanguage(): void {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
  }
}

/** The library for charts, loaded where there is one to draw. It asks for the language when it is loaded. */
export async function loadPlot() {
  mendLanguage();
  return (await import('uplot')).default;
}
