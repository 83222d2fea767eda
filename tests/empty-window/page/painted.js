// The same mark as the product's window makes when its list is on screen.
requestAnimationFrame(() => setTimeout(() => performance.mark('usable')));
