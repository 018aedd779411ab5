/** A shelf with an awning, drawn here so that the page needs no picture from anywhere. */
export function shopPicture() {
  const holder = document.createElement('template');
  holder.innerHTML = `<svg class="card-picture" viewBox="0 0 240 116" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
    <defs><linearGradient id="dawn" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#ffe3c2"/><stop offset="1" stop-color="#ffb7a1"/></linearGradient></defs>
    <rect width="240" height="116" fill="url(#dawn)"/>
    <circle cx="206" cy="26" r="34" fill="#fff" opacity=".35"/>
    <path d="M44 40h152v76H44z" fill="#fff8ef"/>
    <path d="M40 22H67L59 48H28zM93 22H120L120 48H89zM147 22H173L181 48H151z" fill="#12a968"/><path d="M28.0 48a15.3 11 0 0 0 30.7 0zM89.3 48a15.3 11 0 0 0 30.7 0zM150.7 48a15.3 11 0 0 0 30.7 0z" fill="#0d8a55"/>
    <path d="M67 22H93L89 48H59zM120 22H147L151 48H120zM173 22H200L212 48H181z" fill="#fff"/><path d="M58.7 48a15.3 11 0 0 0 30.7 0zM120.0 48a15.3 11 0 0 0 30.7 0zM181.3 48a15.3 11 0 0 0 30.7 0z" fill="#ece7dd"/>
    <path d="M60 96h120v5H60z" fill="#c98d5e"/>
    <circle cx="82" cy="84" r="12" fill="#ff9a3d"/><circle cx="106" cy="84" r="12" fill="#ff8426"/><path d="M82 72c2-5 6-6 9-6-1 5-5 7-9 6zM106 72c2-5 6-6 9-6-1 5-5 7-9 6z" fill="#3fa35a"/>
    <rect x="126" y="72" width="20" height="24" rx="3" fill="#2f8f6b"/><rect x="129" y="67" width="14" height="6" rx="2" fill="#1f6d50"/><circle cx="136" cy="84" r="5.5" fill="#fff" opacity=".9"/>
    <path d="M156 74h18v14a8 8 0 0 1-8 8h-2a8 8 0 0 1-8-8z" fill="#e8574f"/><path d="M174 78h4a4 4 0 0 1 0 9h-4" fill="none" stroke="#e8574f" stroke-width="3"/>
  </svg>`;
  return holder.content.firstElementChild;
}
