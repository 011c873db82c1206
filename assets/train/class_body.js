// The class on Train as HTML: one button makes its link, which is shown as a code for the cameras of phones, large enough
// for a projector. class_panel.js fills it.

import { _ } from "../shared/language.js";

export const classButton = () => `<button data-part="class" title="${_("A link that others follow: they see your run, and the next one when it starts")}">${_("Class link")}</button>`;

export const classPanel = () => `
  <dialog class="ns-class" data-part="classPanel" aria-label="${_("The class")}">
    <div class="ns-code-of" data-part="classCode" role="img" aria-label="${_("The link as a QR code")}"></div>
    <div class="ns-class-words">
      <h2>${_("Follow this class")}</h2>
      <p><output class="ns-class-link" data-part="classLink"></output> <button data-copy="1" data-part="classCopy">${_("Copy the link")}</button></p>
      <p data-part="classHere" hidden>${_("This address works on this computer only. Open NormScope by the computer’s name or number in the network, then others can follow.")}</p>
      <p>${_("Who has the link watches your run, and the next one when it starts. They cannot steer it.")}</p>
      <p><b data-part="classCount"></b></p>
      <p><label><input type="checkbox" data-part="classLeads"> ${_("Take them along: to the page I open, and to the step where I hold the cursor")}</label></p>
      <p class="ns-buttons"><button data-end="1">${_("End the class")}</button><button data-shut="1" autofocus>${_("Close")}</button></p>
    </div>
  </dialog>`;
