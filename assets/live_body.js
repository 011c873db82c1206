// The train page as HTML; live.js fills what carries data-part.

export const SKELETON = `
  <header class="ns-bar">
    <span class="ns-buttons">
      <button class="ns-primary" data-do="start" data-part="start">▶ Start</button>
      <button data-do="pause" data-part="pause" title="Space">❚❚ Pause</button>
      <button data-do="step" data-part="step" title="One mini-batch, then pause (.)">▸❘ Step</button>
      <button data-do="stop">■ Stop</button>
      <button data-do="restart" title="The same settings and the same initial weights">↻ Same weights</button>
      <button data-do="renew" title="The same settings with the next seed">✦ New weights</button>
      <label class="ns-rate" title="Takes effect at the next mini-batch; the change is marked on the curves">learning rate <input data-part="rate" inputmode="decimal" size="6" disabled></label>
    </span>
    <span class="ns-buttons"><a data-part="results" download hidden>results.json</a><button data-projector="1" aria-pressed="false" title="Large type, no sidebar">Projector</button></span>
  </header>
  <p class="ns-status" role="status"><i></i><b data-part="status"></b> <span data-part="where"></span><span class="ns-watching" data-part="watching" hidden>You are watching somebody else’s run; Start begins your own.</span></p>
  <div class="ns-progress" role="progressbar" aria-label="Training progress" aria-valuemin="0" aria-valuemax="100"><div data-part="progress"></div></div>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <div data-part="idle" class="ns-idle" hidden>
    <h2>The same network. The same weights. The same images.<br>One thing differs: the norm.</h2>
    <ul data-part="idleArms"></ul>
    <svg viewBox="0 0 640 190" aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-width="1.5" opacity=".55">
        <path d="M330 20v140h290"/><rect x="20" y="66" width="44" height="44" rx="3"/><rect x="28" y="58" width="44" height="44" rx="3"/><rect x="36" y="50" width="44" height="44" rx="3"/>
        <path d="M96 76C130 76 120 30 156 30M96 76h60M96 76c34 0 24 46 60 46" stroke-dasharray="3 4"/>
        <path d="M262 30c34 0 30 20 52 26M262 76h52M262 122c34 0 30-24 52-30" stroke-dasharray="3 4"/>
      </g>
      <g font-size="13" fill="currentColor" font-family="inherit" text-anchor="middle"><text x="58" y="136">one batch</text>
        <text x="475" y="182" opacity=".7">step</text></g>
      <g fill="none" stroke-width="2"><rect x="158" y="16" width="102" height="28" rx="14" stroke="#888"/><rect x="158" y="62" width="102" height="28" rx="14" stroke="#0b84cf"/><rect x="158" y="108" width="102" height="28" rx="14" stroke="#e0681a"/></g>
      <text x="475" y="92" font-size="14" fill="currentColor" opacity=".7" text-anchor="middle">your curves will grow here</text>
    </svg>
    <button class="ns-primary ns-huge" data-do="start">▶ Start training</button>
  </div>
  <div data-part="work" hidden>
    <div class="ns-arms" data-part="arms" data-names=""></div>
    <p class="ns-verdict" data-part="verdict" aria-live="polite"></p>
    <div class="ns-tools">
      <span class="ns-group" role="group" aria-label="x-axis"><button data-x="step" aria-pressed="true">steps</button><button data-x="epoch" aria-pressed="false">epochs</button><button data-x="seconds" aria-pressed="false">seconds</button></span>
      <span class="ns-group" role="group" aria-label="lines"><button data-kind="train" aria-pressed="true">━ train</button><button data-kind="test" aria-pressed="true">╍ test</button><button data-kind="batch" aria-pressed="true">┈ test, batch statistics</button></span>
      <span class="ns-group"><button data-log="1" aria-pressed="true">log loss</button></span>
      <span class="ns-group"><button data-part="whole" data-whole="1" title="Or double-click a chart" disabled>whole run</button></span>
      <label>smooth train <select data-part="smooth"><option value="1">off</option><option value="9" selected>9 points</option><option value="31">31 points</option><option value="101">101 points</option></select></label>
    </div>
    <div class="ns-charts"><div class="ns-chart" data-part="loss"></div><div class="ns-chart" data-part="accuracy"></div></div>
    <div class="ns-foot"><span data-part="device"></span>
      <details><summary>How is this made?</summary>
        <p>Each arm is the same LeNet from the same initial convolution and linear weights (the # is their fingerprint); all take every mini-batch
        together. Train: loss and accuracy of each mini-batch in training mode, while the weights move. Test, dashed: evaluation mode, on the first 1,000 test images
        while an epoch runs and on all of them at its end (big markers). Dotted, BatchNorm only: the same test images with each batch’s own mean and variance instead of
        the running ones. Running statistics describe slightly older weights, so the two differ while the weights move fast. Examples/s count an arm’s own training steps, not tests and pauses.</p>
      </details></div>
    <div class="ns-ghosts" data-part="ghosts" hidden><span>Earlier runs, faint in the charts:</span><ul data-part="ghostList"></ul></div>
  </div>`;
