package wire

import (
	"errors"
	"io"
	"slices"

	"github.com/go-faster/jx"

	"parley/internal/chat"
)

// ErrAmbiguous is what Unambiguous says of JSON that two readers would understand differently.
var ErrAmbiguous = &chat.Error{Kind: chat.KindInvalid, Code: "ambiguous", Detail: "Something in this JSON has the same name twice."}

// Unambiguous refuses JSON with an object that has a name twice (RFC 8259, section 4): the generated decoders take the last one, and whoever looked
// at it before, such as a proxy with rules of its own, may have taken the first. What is wrong in any other way is for the decoders to say.
func Unambiguous(data []byte) error {
	if err := unique(jx.DecodeBytes(data)); errors.Is(err, ErrAmbiguous) {
		return ErrAmbiguous
	}
	return nil
}

// manyNames is from how many names on a set is faster than looking at them one by one; a hostile object has thousands.
const manyNames = 16

func unique(d *jx.Decoder) error {
	switch d.Next() {
	case jx.Array:
		return d.Arr(unique)
	case jx.Object:
		var few []string
		var many map[string]struct{}
		return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
			name := string(key)
			if _, found := many[name]; found || slices.Contains(few, name) {
				return ErrAmbiguous
			}
			switch {
			case many != nil:
				many[name] = struct{}{}
			case len(few) < manyNames:
				few = append(few, name)
			default:
				many = map[string]struct{}{name: {}}
			}
			return unique(d)
		})
	default:
		return d.Skip()
	}
}

// Decode reads one JSON value that is the whole of data, unambiguous and within the bounds of the contract.
func Decode(data []byte, in interface {
	Decode(d *jx.Decoder) error
	Validate() error
},
) error {
	if err := Unambiguous(data); err != nil {
		return err
	}
	d := jx.DecodeBytes(data)
	err := in.Decode(d)
	if err == nil {
		if rest := d.Skip(); !errors.Is(rest, io.EOF) {
			err = errTrailing
		}
	}
	if err == nil {
		err = in.Validate()
	}
	if err != nil {
		return Malformed(err).Because(err)
	}
	return nil
}

var errTrailing = errors.New("something follows the JSON value")
