package mail

import (
	"html/template"
	"strings"
)

// Letter is what is said in a message. Everything in it is text: the HTML is made from it, and escaped.
type Letter struct {
	Language   string // of the words, as BCP 47 has it
	Subject    string
	Heading    string
	Paragraphs []string
	Action     string // what the link does; empty when there is none
	Link       string
	Note       string // what to do when this was not expected
	Footer     string // who sends this
}

// Message sets a letter to somebody in both forms.
func (l Letter) Message(to string) (Message, error) {
	var page strings.Builder
	if err := sheet.Execute(&page, l); err != nil {
		return Message{}, err
	}
	return Message{To: to, Subject: l.Subject, Text: l.text(), HTML: page.String()}, nil
}

func (l Letter) text() string {
	parts := append([]string{l.Heading}, l.Paragraphs...)
	if l.Link != "" {
		parts = append(parts, l.Action+":\n"+l.Link)
	}
	for _, more := range []string{l.Note, l.Footer} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// sheet is calm and asks nobody for anything: no picture, no font, no style sheet from elsewhere, so that opening a mail tells no one that it
// was opened. Programs that know of dark screens are told that this suits them.
var sheet = template.Must(template.New("letter").Parse(`<!doctype html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{{.Subject}}</title>
<style>
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #0a1213 !important; } .sheet { background: #121b1c !important; border-color: #232e2e !important; }
  .ink { color: #ede9e1 !important; } .soft { color: #a3a49a !important; } .button { background: #ede9e1 !important; color: #152527 !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background:#f0ede4;">
<div class="sheet" style="max-width:480px;margin:0 auto;padding:32px 28px;background:#fdfcf8;border:1px solid #e0dcd4;border-radius:12px;">
<h1 class="ink" style="margin:0 0 16px;font:400 26px/1.2 Georgia,'Times New Roman',serif;color:#152527;">{{.Heading}}</h1>
{{- range .Paragraphs}}
<p class="ink" style="margin:0 0 14px;font:400 15px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#152527;">{{.}}</p>
{{- end}}
{{- if .Link}}
<p style="margin:24px 0;"><a class="button" href="{{.Link}}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#152527;color:#fdfcf8;font:600 15px/1.2 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;text-decoration:none;">{{.Action}}</a></p>
{{- end}}
{{- if .Note}}
<p class="soft" style="margin:0 0 14px;font:400 13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#586769;">{{.Note}}</p>
{{- end}}
{{- if .Footer}}
<p class="soft" style="margin:0;font:400 13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#586769;">{{.Footer}}</p>
{{- end}}
</div>
</body>
</html>
`))
