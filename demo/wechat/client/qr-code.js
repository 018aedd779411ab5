import { correction, generate } from './lean-qr.js';

const QUIET_ZONE = 2; // modules; the card around it is white too
const SVG = 'http://www.w3.org/2000/svg';

/**
 * A QR code as a picture, invisible to screen readers: what stands beside it says what it is.
 *
 * @param {string} text
 * @returns {SVGElement}
 */
export function qrCode(text) {
  const code = generate(text, { minCorrectionLevel: correction.L });
  const side = code.size + 2 * QUIET_ZONE;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'qr-code');
  svg.setAttribute('viewBox', `${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}`);
  svg.setAttribute('shape-rendering', 'crispEdges');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', modules(code));
  svg.append(path);
  return svg;
}

function modules(code) {
  let d = '';
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) d += `M${x} ${y}h1v1h-1z`;
  }
  return d;
}
