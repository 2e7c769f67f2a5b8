/** How the dashboard looks, on top of the report's style: light and dark, wide and narrow. Text and nothing else. */

// Text has a contrast of 4.5 and more, edges of what can be used 3 and more (WCAG 2.2, 1.4.3 and 1.4.11).
export const DASHBOARD_STYLE: string = `
:root{--edge:#8f8a7e;--well:#237a41;--ill:#c92a2a}
@media (prefers-color-scheme:dark){:root{--edge:#66707b;--well:#69db7c;--ill:#ff8787}}
nav{display:flex;gap:4px 14px;flex-wrap:wrap;align-items:center;padding:8px 20px;border-bottom:1px solid var(--rule);background:var(--card)}
nav img{width:24px;height:24px;margin-right:-6px}nav .quiet{margin:0 6px 0 0}
nav a{color:var(--ink);text-decoration:none;padding:5px 9px;border-radius:6px}nav a:hover{background:var(--page)}nav a[aria-current]{background:var(--rule);font-weight:600}
:focus-visible{outline:2px solid var(--containers);outline-offset:2px}
#filter,select,button{font:inherit;font-size:14px;min-height:34px;padding:4px 10px;border:1px solid var(--edge);border-radius:6px;background:var(--card);color:var(--ink)}
button:hover,select:hover{background:var(--page)}button:disabled,select:disabled,input:disabled{opacity:.55}::placeholder{color:var(--quiet);opacity:1}
#filter{width:260px}label{display:inline-flex;gap:6px;align-items:center;min-height:34px;font-size:14px}input[type=checkbox]{width:16px;height:16px;margin:0;accent-color:var(--containers)}
.tools{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center}.tools .state{margin:0 0 0 auto;font-variant-numeric:tabular-nums}
.state::before{content:"";display:inline-block;box-sizing:border-box;width:10px;height:10px;border-radius:50%;margin-right:7px;border:2px solid var(--quiet)}.state.live::before{background:var(--well);border-color:var(--well)}.state.lost{color:var(--ill)}.state:empty{display:none}
.unseen{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
code,pre{font-family:ui-monospace,monospace;font-size:.92em}code{overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere}
.empty{color:var(--quiet);text-align:center;padding:44px 20px}.empty b{display:block;color:var(--ink);font-size:17px;margin-bottom:10px}.empty code{display:inline-block;margin:4px 0;padding:4px 10px;color:var(--ink);background:var(--card);border:1px solid var(--rule);border-radius:6px;text-align:left}

body[data-page=enter] pre{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px 14px}

body[data-page=deck] main{max-width:1440px;padding-top:22px}body[data-page=deck] .tools{margin:14px 0 10px}h1{font-size:22px}
.sheet{background:var(--card);border:1px solid var(--rule);border-radius:10px;overflow-x:auto}
.deck{font-size:14px}.deck th,.deck td{padding:7px 9px;border-bottom:1px solid var(--rule);white-space:nowrap;text-align:right}
.deck thead th{padding:3px 2px;font-size:12.5px;vertical-align:bottom}.deck thead button{font-size:inherit;min-height:28px;padding:3px 7px;border-color:transparent;background:none;color:var(--quiet)}.deck thead button:hover{color:var(--ink);border-color:var(--rule)}
.deck [aria-sort=ascending] button::after{content:" ↑"}.deck [aria-sort=descending] button::after{content:" ↓"}.deck [aria-sort] button{color:var(--ink)}
.deck tbody th,.deck td:nth-child(2),.deck td:nth-child(3),.deck thead th:nth-child(-n+3){text-align:left}
.deck tbody th{color:var(--ink);font-weight:600;white-space:normal;overflow-wrap:anywhere;min-width:150px;max-width:340px}.deck tbody th small{display:block;font-weight:400;margin:0}
.deck th a{color:inherit;text-decoration-color:var(--edge);text-underline-offset:3px}.deck th a:hover{text-decoration-color:currentColor}
.deck tbody tr:hover>*{background:var(--page)}.deck tr:last-child>*{border-bottom:0}.deck td.empty{text-align:center;white-space:normal;background:none}
.held{overflow-x:auto}.held th,.held td{text-align:left;vertical-align:top;padding:7px 9px;border-bottom:1px solid var(--rule);overflow-wrap:anywhere}.held pre{margin:0}.held a,main>p>a{color:inherit}.held small{display:block}
td.c{color:var(--containers)}td.f{color:var(--functions)}.well{color:var(--well)}.ill{color:var(--ill);font-weight:600}.none{color:var(--quiet)}
.stale{opacity:.6}

body[data-page=logs]{display:flex;flex-direction:column;height:100dvh}body[data-page=logs] main{max-width:none;width:100%;padding:12px 20px 16px;flex:1;min-height:0;display:flex;flex-direction:column;gap:10px}
.tools select{max-width:min(420px,100%);text-overflow:ellipsis}
#lines{flex:1;min-height:0;overflow:auto;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 12px;font:12.5px/1.55 ui-monospace,monospace}
.line{white-space:pre;tab-size:4}.line[hidden]{display:none}.wraps .line{white-space:pre-wrap;overflow-wrap:anywhere}.line time{color:var(--quiet)}.line .from{color:var(--containers)}.note .text{font-style:italic;color:var(--functions)}

@media (max-width:1000px){
.sheet{background:none;border:0;overflow:visible}.deck,.deck tbody{display:block}.deck thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
.deck tbody{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(350px,100%),1fr));gap:12px}
.deck tr{display:grid;grid-template-columns:repeat(3,1fr);gap:8px 10px;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 14px}.deck tr[hidden]{display:none}
.deck tbody th,.deck td,.deck td:nth-child(2),.deck td:nth-child(3){display:block;padding:0;border:0;text-align:left;max-width:none;min-width:0}.deck tbody tr:hover>*{background:none}
.deck tbody th,.deck td.empty{grid-column:1/-1}.deck td:nth-child(3){grid-column:span 2}.deck td:nth-child(n+10){grid-column:span 1}
.deck td[data-label]::before{content:attr(data-label);display:block;font-size:12px;font-weight:400;color:var(--quiet)}.deck td{white-space:normal}
}
@media (max-width:520px){nav,body[data-page=logs] main{padding-left:12px;padding-right:12px}main{padding-left:12px;padding-right:12px}#filter,.tools select{width:100%;max-width:none}.tools .state{margin-left:0;flex-basis:100%}nav .brand{position:absolute;clip-path:inset(50%)}nav{column-gap:8px}nav .quiet{margin:0 auto 0 6px;max-width:30%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}}
@media (forced-colors:active){.state.live::before{background:CanvasText}}
@media (prefers-reduced-motion:reduce){*{transition:none!important;animation:none!important;scroll-behavior:auto!important}}
`;
