/** Drawings of tea things, 400 by 300, which fill whatever size they are drawn in. No text: a machine may have no fonts. */
export const SCENES = {
  dawn: () => hills(['#fcd9c4', '#f7efe2'], '#f4a261', ['#b9c7bd', '#7f9f8b', '#4d7a5e', '#2f5b45']),
  dusk: () => hills(['#51406f', '#f0a68c'], '#ffd7a8', ['#8d6a86', '#5d4f77', '#3b3b5e', '#272b47']),
  terraces: () =>
    svg(
      gradient('sky', '#dff0f2', '#f7f6e8'),
      '<rect width="400" height="300" fill="url(#sky)"/>',
      '<path d="M0 120Q90 60 190 96T400 70V300H0z" fill="#9cc3a5"/>',
      repeat(9, (row) => {
        const y = 118 + row * 21;
        const path = `M-20 ${y + 34}Q90 ${y - 26} 200 ${y + 8}T420 ${y - 8}`;
        return `<path d="${path}" fill="none" stroke="#3f7f54" stroke-width="${9 + row}"/>
          <path d="${path}" fill="none" stroke="#7fb878" stroke-width="3" stroke-dasharray="7 5"/>`;
      }),
    ),
  cup: () =>
    svg(
      gradient('wall', '#efe5d8', '#d9c7b0'),
      gradient('liquor', '#f2b85c', '#b8681d'),
      '<rect width="400" height="300" fill="url(#wall)"/><rect y="212" width="400" height="88" fill="#8a5a3c"/>',
      '<path d="M0 224H400M0 252H400M0 281H400" stroke="#7a4e33" stroke-width="2"/>',
      '<ellipse cx="200" cy="246" rx="118" ry="17" fill="#5f3a25" opacity=".5"/>',
      '<path d="M108 132Q116 238 168 244H232Q284 238 292 132z" fill="#cfe0d6"/>',
      '<path d="M222 244H232Q284 238 292 132H268Q262 226 222 244z" fill="#a9c4b6"/>',
      '<ellipse cx="200" cy="132" rx="92" ry="27" fill="#e8f1ec"/><ellipse cx="200" cy="135" rx="80" ry="21" fill="url(#liquor)"/>',
      steam(0),
    ),
  teapot: () =>
    svg(
      gradient('wall', '#2d3b3a', '#455a54'),
      gradient('clay', '#a45a3c', '#6b3322'),
      '<rect width="400" height="300" fill="url(#wall)"/><rect y="220" width="400" height="80" fill="#1f2827"/>',
      '<ellipse cx="205" cy="246" rx="128" ry="14" fill="#141b1a"/>',
      '<path d="M300 132C358 116 366 206 290 210" fill="none" stroke="#7d3f2a" stroke-width="15"/>',
      '<path d="M118 158C84 156 84 116 52 112L46 126C66 134 70 188 122 198z" fill="#8c4a31"/>',
      '<path d="M108 170C108 112 152 104 205 104S302 112 302 170C302 220 258 246 205 246S108 220 108 170z" fill="url(#clay)"/>',
      '<path d="M150 106C162 86 248 86 260 106z" fill="#93502f"/><circle cx="205" cy="82" r="12" fill="#8c4a31"/>',
      '<path d="M130 150C140 124 172 116 196 116" fill="none" stroke="#d79a78" stroke-width="5" stroke-linecap="round" opacity=".7"/>',
    ),
  gaiwan: () =>
    svg(
      '<rect width="400" height="300" fill="#d8cdbb"/>',
      repeat(6, (line) => `<path d="M0 ${line * 52 + 14}H400" stroke="#c9bca6" stroke-width="3"/>`),
      '<circle cx="206" cy="158" r="132" fill="#b9ac96" opacity=".6"/><circle cx="200" cy="150" r="130" fill="#fbfaf6"/>',
      '<circle cx="200" cy="150" r="122" fill="none" stroke="#5b86b0" stroke-width="3"/>',
      '<circle cx="200" cy="150" r="96" fill="#eef1ea"/><circle cx="200" cy="150" r="86" fill="#d9b44a"/>',
      repeat(26, (leaf) =>
        leafAt(200 + Math.cos(leaf * 2.4) * leaf * 2.7, 150 + Math.sin(leaf * 2.4) * leaf * 2.7, leaf),
      ),
    ),
  sprig: () =>
    svg(
      gradient('light', '#f3f8dc', '#a8cf8e'),
      '<rect width="400" height="300" fill="url(#light)"/>',
      repeat(
        14,
        (spot) =>
          `<circle cx="${(spot * 97) % 400}" cy="${(spot * 61) % 300}" r="${18 + ((spot * 7) % 26)}" fill="#fff" opacity=".16"/>`,
      ),
      '<path d="M196 300C192 232 204 190 200 146" fill="none" stroke="#6d9e4f" stroke-width="9" stroke-linecap="round"/>',
      '<path d="M200 200C148 214 84 190 60 118C128 112 188 142 200 200z" fill="#5c9a4c"/>',
      '<path d="M202 176C250 186 312 152 340 84C272 78 216 112 202 176z" fill="#74b05a"/>',
      '<path d="M200 152C176 116 184 62 210 28C228 70 226 122 200 152z" fill="#a9d66f"/>',
      '<path d="M200 198C160 176 110 148 66 122M203 174C244 140 290 112 334 88M201 150C202 108 206 70 210 36" fill="none" stroke="#e3f2c4" stroke-width="2.5" opacity=".8"/>',
    ),
  bamboo: () =>
    svg(
      gradient('mist', '#e6f1e4', '#a9c9a4'),
      '<rect width="400" height="300" fill="url(#mist)"/>',
      repeat(11, (stem) => {
        const x = 16 + ((stem * 83) % 380);
        const green = ['#8fb487', '#5f955f', '#3a7448'][stem % 3];
        const knots = repeat(
          6,
          (knot) => `<path d="M${x - 9} ${knot * 56 + stem * 9}h18" stroke="#dcebd2" stroke-width="3"/>`,
        );
        return `<rect x="${x - 7}" width="14" height="300" fill="${green}"/>${knots}`;
      }),
      repeat(24, (leaf) => leafAt((leaf * 67) % 400, (leaf * 29) % 170, leaf + 3)),
    ),
  moon: () =>
    svg(
      gradient('night', '#0f1c33', '#2e4a63'),
      '<rect width="400" height="300" fill="url(#night)"/><circle cx="292" cy="76" r="60" fill="#f6efd0" opacity=".12"/>',
      '<circle cx="292" cy="76" r="38" fill="#f8f0cf"/>',
      repeat(
        40,
        (star) =>
          `<circle cx="${(star * 89) % 400}" cy="${(star * 47) % 150}" r="${(star % 3) * 0.5 + 0.5}" fill="#fff" opacity=".7"/>`,
      ),
      '<path d="M0 220C60 214 96 190 118 160C150 196 250 196 282 160C304 190 340 214 400 220V300H0z" fill="#0a1220"/>',
      '<rect x="128" y="206" width="144" height="94" fill="#101b2d"/>',
      repeat(
        4,
        (pane) =>
          `<rect x="${142 + pane * 31}" y="224" width="22" height="44" fill="#f3bf6a" opacity="${0.95 - pane * 0.12}"/>`,
      ),
    ),
  umbrella: () =>
    svg(
      '<rect width="400" height="300" fill="#7d8b8f"/>',
      repeat(
        40,
        (stone) =>
          `<rect x="${(stone % 8) * 52 - (Math.floor(stone / 8) % 2) * 26}" y="${Math.floor(stone / 8) * 62}" width="48" height="58" rx="8" fill="${stone % 3 ? '#869498' : '#76858a'}"/>`,
      ),
      '<circle cx="206" cy="158" r="124" fill="#3d484b" opacity=".5"/>',
      repeat(24, (panel) => {
        const [from, to] = [panel, panel + 1].map((edge) => (edge * Math.PI) / 12);
        const at = (angle: number) => `${200 + Math.cos(angle) * 122} ${148 + Math.sin(angle) * 122}`;
        return `<path d="M200 148L${at(from!)}A122 122 0 0 1 ${at(to!)}z" fill="${panel % 2 ? '#c4402f' : '#d4523c'}"/>`;
      }),
      '<circle cx="200" cy="148" r="84" fill="none" stroke="#f2c9a0" stroke-width="4"/><circle cx="200" cy="148" r="15" fill="#5b2c22"/>',
      repeat(
        36,
        (drop) =>
          `<path d="M${(drop * 71) % 400} ${(drop * 43) % 300}l-4 16" stroke="#e8f0f2" stroke-width="1.6" opacity=".7"/>`,
      ),
    ),
  plum: () =>
    svg(
      gradient('paper', '#f8f1e4', '#ecdcc6'),
      '<rect width="400" height="300" fill="url(#paper)"/><circle cx="306" cy="84" r="48" fill="#e7b9a2" opacity=".5"/>',
      '<path d="M-6 268C70 246 108 214 150 170S252 84 330 58M118 204C150 214 200 212 244 236M204 122C226 140 268 144 306 146" fill="none" stroke="#4b3a33" stroke-width="8" stroke-linecap="round"/>',
      [
        [96, 228],
        [150, 168],
        [206, 122],
        [262, 82],
        [326, 60],
        [182, 210],
        [240, 234],
        [262, 142],
        [304, 146],
        [70, 250],
      ]
        .map(([x, y], index) => blossom(x!, y!, index % 3 ? 15 : 20))
        .join(''),
    ),
  lake: () =>
    svg(
      gradient('water', '#eaf3f3', '#9fbfc6'),
      '<rect width="400" height="300" fill="url(#water)"/>',
      '<path d="M0 118Q60 66 130 104T262 84T400 112V150H0z" fill="#b6cbcd"/><path d="M0 136Q110 98 210 132T400 122V158H0z" fill="#8aa9ae"/>',
      repeat(
        9,
        (wave) =>
          `<path d="M${(wave * 53) % 320} ${172 + wave * 14}h${46 + wave * 6}" stroke="#fff" stroke-width="2" opacity=".55"/>`,
      ),
      '<path d="M132 214Q200 240 272 212L256 232Q200 246 150 232z" fill="#3b4a4d"/><path d="M176 214Q200 176 232 212z" fill="#6b5a48"/>',
      '<path d="M262 212l34 58" stroke="#3b4a4d" stroke-width="3"/>',
    ),
  steam: (phase: number) =>
    svg(
      '<rect width="400" height="300" fill="#f5ead9"/><path d="M120 176Q126 262 178 268H222Q274 262 280 176z" fill="#4f8f7d"/>',
      '<ellipse cx="200" cy="176" rx="80" ry="20" fill="#6fae9a"/><ellipse cx="200" cy="178" rx="68" ry="14" fill="#c98a35"/>',
      steam(phase),
    ),
  /** Without a ground: what is behind shows through. */
  leaf: () =>
    svg(
      '<path d="M60 250C40 110 150 40 340 40C350 190 260 280 118 250z" fill="#2f9e63" opacity=".92"/>',
      '<path d="M44 282C110 200 190 130 300 76" fill="none" stroke="#eafff3" stroke-width="9" stroke-linecap="round" opacity=".85"/>',
      '<path d="M128 196C130 160 134 134 146 112M176 158C204 160 226 172 248 190M222 122C222 100 226 84 236 66" fill="none" stroke="#eafff3" stroke-width="5" opacity=".6"/>',
    ),
};

function svg(...parts: string[]): string {
  return parts.join('');
}

function gradient(id: string, from: string, to: string): string {
  return `<defs><linearGradient id="${id}" x2="0" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs>`;
}

function repeat(count: number, draw: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => draw(index)).join('');
}

function hills(sky: [string, string], sun: string, ridges: string[]): string {
  return svg(
    gradient('sky', ...sky),
    `<rect width="400" height="300" fill="url(#sky)"/><circle cx="286" cy="98" r="34" fill="${sun}"/>`,
    ridges
      .map((fill, index) => {
        const y = 132 + index * 36;
        const lift = index % 2 ? -38 : 30;
        return `<path d="M0 ${y}Q70 ${y - 50 + lift} 150 ${y}T290 ${y - 12}T400 ${y - 6 - lift / 2}V300H0z" fill="${fill}"/>`;
      })
      .join(''),
    repeat(
      7,
      (row) =>
        `<path d="M0 ${262 + row * 8}Q120 ${236 + row * 9} 400 ${270 + row * 6}" fill="none" stroke="#fff" stroke-width="2.4" opacity=".13"/>`,
    ),
  );
}

function steam(phase: number): string {
  return [150, 200, 250]
    .map((x, index) => {
      const sway = 16 * Math.sin(phase + index);
      return `<path d="M${x} 108C${x - 20 + sway} 84 ${x + 20 + sway} 66 ${x + sway / 2} 30" fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".6"/>`;
    })
    .join('');
}

function leafAt(x: number, y: number, turn: number): string {
  const green = ['#4f8a45', '#6fa552', '#3c6f3d'][turn % 3];
  return `<path d="M0 -15Q11 0 0 15Q-7 0 0 -15z" fill="${green}" transform="translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${(turn * 47) % 360})"/>`;
}

function blossom(x: number, y: number, radius: number): string {
  const petals = repeat(5, (petal) => {
    const angle = (petal * 2 * Math.PI) / 5;
    const [cx, cy] = [x + Math.cos(angle) * radius * 0.55, y + Math.sin(angle) * radius * 0.55];
    return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${radius * 0.5}" fill="#d9505f" opacity=".9"/>`;
  });
  return `${petals}<circle cx="${x}" cy="${y}" r="${radius * 0.28}" fill="#f8e08c"/>`;
}
