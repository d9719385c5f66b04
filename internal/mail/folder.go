package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Folder writes messages into files, for development: any mail program opens them. They are readable by their owner only, for they hold what
// proves who somebody is.
type Folder struct {
	Dir string
	Envelope
}

// Send implements Sender.
func (f *Folder) Send(ctx context.Context, m Message) error {
	msg, err := f.compose(m)
	if err != nil {
		return err
	}
	if err := f.Check(ctx); err != nil {
		return err
	}
	// The name sorts by time; the file appears whole.
	name := filepath.Join(f.Dir, f.Clock().UTC().Format("20060102-150405.000")+"-"+rand.Text()[:6]+".eml")
	file, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	_, err = msg.WriteTo(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err != nil {
		_ = os.Remove(name + ".tmp") // the first error is the one that counts
		return fmt.Errorf("write a mail: %w", err)
	}
	return nil
}

// Check implements Sender: it makes the folder.
func (f *Folder) Check(context.Context) error {
	if err := os.MkdirAll(strings.TrimSuffix(f.Dir, "/"), 0o700); err != nil {
		return fmt.Errorf("make the folder for mails: %w", err)
	}
	return nil
}
