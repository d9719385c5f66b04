package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-faster/yaml"

	"parley/internal/parleytest"
)

// schema is as much of a schema of the contract as it takes to build bodies from it.
type schema struct {
	Ref        string            `yaml:"$ref"`
	Type       any               `yaml:"type"` // a name, or a list of names
	Properties map[string]schema `yaml:"properties"`
	Required   []string          `yaml:"required"`
	Items      *schema           `yaml:"items"`
	Enum       []any             `yaml:"enum"`
	MinItems   int               `yaml:"minItems"`
	AllOf      []schema          `yaml:"allOf"`
}

// input is an operation that takes a JSON body.
type input struct {
	method, path string
	body         schema
}

type openapi struct {
	Paths      map[string]map[string]yaml.Node `yaml:"paths"`
	Components struct {
		Schemas map[string]schema `yaml:"schemas"`
	} `yaml:"components"`
}

func (o *openapi) resolve(s schema) schema {
	for s.Ref != "" {
		s = o.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// inputs reads every operation that takes a JSON body from the contract.
func inputs(t *testing.T) (*openapi, []input) {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var contract openapi
	if err := yaml.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	var list []input
	for path, operations := range contract.Paths {
		for method, node := range operations {
			if method == "parameters" {
				continue
			}
			var operation struct {
				RequestBody struct {
					Content map[string]struct {
						Schema schema `yaml:"schema"`
					} `yaml:"content"`
				} `yaml:"requestBody"`
			}
			if err := node.Decode(&operation); err != nil {
				t.Fatal(err)
			}
			if media, ok := operation.RequestBody.Content["application/json"]; ok {
				list = append(list, input{strings.ToUpper(method), parameter.ReplaceAllString(path, "1"), contract.resolve(media.Schema)})
			}
		}
	}
	slices.SortFunc(list, func(a, b input) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(list) < 8 {
		t.Fatalf("the contract has only %d operations with a body?", len(list))
	}
	return &contract, list
}

func (s schema) is(name string) bool {
	if list, ok := s.Type.([]any); ok {
		return slices.Contains(list, any(name))
	}
	return s.Type == name
}

// plausible builds a value that has the schema's shape.
func (o *openapi) plausible(s schema) any {
	s = o.resolve(s)
	switch {
	case len(s.AllOf) > 0:
		return o.plausible(s.AllOf[0])
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.is("object"):
		object := map[string]any{}
		for _, name := range s.Required {
			object[name] = o.plausible(s.Properties[name])
		}
		return object
	case s.is("array") && s.MinItems > 0:
		return []any{o.plausible(*s.Items)}
	case s.is("array"):
		return []any{}
	case s.is("integer"), s.is("number"):
		return 1
	case s.is("boolean"):
		return true
	}
	return "a1-plausible-text"
}

// unfit are values that a field of this type must not take.
func (o *openapi) unfit(s schema) map[string]string {
	s = o.resolve(s)
	values := map[string]string{
		"an object": `{"a": 1}`, "a list of lists": `[[[]]]`, "a fraction": `1.5`, "a giant number": `1e400`,
		"deep nesting": strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
	}
	if !s.is("null") {
		values["null"] = "null"
	}
	if !s.is("boolean") {
		values["a boolean"] = "true"
	}
	if !s.is("string") {
		values["a text"] = `"text"`
	}
	if !s.is("integer") && !s.is("number") {
		values["a number"] = "7"
	}
	if s.is("object") {
		delete(values, "an object")
	}
	return values
}

// hostile are texts that any field of text may get. Most fit nothing; where one does, it must at least not break anything.
var hostile = map[string]string{
	"a giant": strings.Repeat("x", 300_000), "NUL": "a\x00b", "a lone surrogate": "a\\ud800b", "not UTF-8": "a\xffb", "empty": "", "spaces": "   ",
	"line breaks": "a\r\nSet-Cookie: x=y", "bidi": "a\u202eb", "SQL": "' OR 1=1; DROP TABLE users; --", "markup": "<script>alert(1)</script>",
	"a path": "../../../etc/passwd", "a template": "${jndi:ldap://x}{{7*7}}%s%n",
}

// Every field of every operation takes what does not fit it and hostile texts with a clear answer, and the server goes on.
func TestInput_every_field(t *testing.T) {
	t.Parallel()
	contract, list := inputs(t)
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		t.Run("operations", func(t *testing.T) {
			for n, in := range list {
				t.Run(in.method+" "+in.path, func(t *testing.T) {
					t.Parallel()
					maya := s.SignUp(t, fmt.Sprintf("maya%d", n))
					for field, property := range in.body.Properties {
						for name, value := range contract.unfit(property) {
							wantRefusal(t, maya, in, contract.body(t, in, field, value), field+" is "+name)
						}
						if contract.resolve(property).is("string") {
							for name, text := range hostile {
								quoted := `"` + strings.ReplaceAll(text, "\r\n", `\r\n`) + `"`
								wantAnswer(t, maya, in, contract.body(t, in, field, quoted), field+" is "+name)
							}
						}
					}
					for name, whole := range map[string]string{
						"nothing": "", "null": "null", "a list": "[]", "a text": `"x"`, "a number": "1", "cut off": `{"`, "two": "{}{}", "not UTF-8": "\xff\xfe",
					} {
						wantRefusal(t, maya, in, whole, "the body is "+name)
					}
				})
			}
		})
		s.SignUp(t, "afterwards")
	})
}

// body is a plausible body with one field replaced by a piece of JSON.
func (o *openapi) body(t *testing.T, in input, field, value string) string {
	t.Helper()
	object, _ := o.plausible(in.body).(map[string]any)
	fields := map[string]json.RawMessage{}
	for name, v := range object {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fields[name] = text
	}
	fields[field] = json.RawMessage(value)
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&b, "%s%q:%s", map[bool]string{true: "{", false: ","}[i == 0], name, fields[name])
	}
	return b.String() + "}"
}

// wantAnswer demands a success, or a problem that says what is wrong.
func wantAnswer(t *testing.T, p *parleytest.Person, in input, body, what string) int {
	t.Helper()
	got := p.Do(in.method, in.path, body, "X-Parley", "1")
	if got.Status >= http.StatusInternalServerError {
		t.Errorf("%s: %d\n%s", what, got.Status, got.Body)
		return got.Status
	}
	if got.Status >= http.StatusBadRequest {
		if media := got.Header.Get("Content-Type"); media != "application/problem+json" || !strings.Contains(string(got.Body), `"code":"`) {
			t.Errorf("%s: %d, %s\n%s", what, got.Status, media, got.Body)
		}
	}
	return got.Status
}

func wantRefusal(t *testing.T, p *parleytest.Person, in input, body, what string) {
	t.Helper()
	if status := wantAnswer(t, p, in, body, what); status < http.StatusBadRequest {
		t.Errorf("%s: accepted with %d\n%.300s", what, status, body)
	}
}
