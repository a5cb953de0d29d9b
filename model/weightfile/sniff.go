package weightfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/internal/npz"
	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/pkg/errors"
)

// headLength is how much of a file is looked at first.
const headLength = 1 << 10

// signatures are bytes by which a format can be told.
var signatures = []struct {
	at      int
	bytes   string
	content Content
}{
	{0, "\x89HDF\r\n\x1a\n", Content{What: "an HDF5 file, as Keras writes it (.h5)", Advice: kerasHint}},
	{512, "\x89HDF\r\n\x1a\n", Content{What: "an HDF5 file with a block before it, as MATLAB writes it", Advice: onnxHint}},
	{0, npz.Magic, Content{What: "a single NumPy array", Advice: "write several with names: numpy.savez"}},
	{0, "MATLAB 5.0 MAT-file", Content{What: "a MATLAB file", Advice: onnxHint}},
	{4, "TFL3", Content{What: "a TensorFlow Lite network (.tflite)", Advice: tfliteHint}},
	{0, "GGUF", Content{What: "a GGUF file, the weights of a language model"}},
	{0, "tjgg", Content{What: "a GGML file, the weights of a language model"}},
	{0, "lmgg", Content{What: "a GGML file, the weights of a language model"}},
	{0, "\x12\x01\x00\x00\x00\x00\x00\x00", Content{What: "an MXNet parameter file", Advice: onnxHint}},
	{0, "7767517\n", Content{What: "an ncnn network", Advice: onnxHint}},
	{257, "ustar", Content{What: "a tar archive", Advice: unpackHint + "; if it is a .pt file of 2016, in PyTorch: torch.save(torch.load('old.pt', weights_only=False), 'new.pt')"}},
	{0, "\x1f\x8b", Content{What: "a gzip archive", Advice: unpackHint + ", with gunzip or tar"}},
	{0, "BZh", Content{What: "a bzip2 archive", Advice: unpackHint}},
	{0, "\xfd7zXZ\x00", Content{What: "an xz archive", Advice: unpackHint}},
	{0, "\x28\xb5\x2f\xfd", Content{What: "a zstd archive", Advice: unpackHint}},
	{0, "7z\xbc\xaf\x27\x1c", Content{What: "a 7z archive", Advice: unpackHint}},
	{0, "\x7fELF", Content{What: "a program"}},
	{0, "MZ", Content{What: "a program"}},
	{0, "SQLite format 3\x00", Content{What: "an SQLite database"}},
	{0, "PAR1", Content{What: "a Parquet file"}},
	{0, "version https://git-lfs.github.com/spec/", Content{What: "a Git LFS pointer, not the file itself", Advice: "run git lfs pull, or download the file itself", broken: true}},
}

// sstableMagic ends a TensorFlow checkpoint's index.
var sstableMagic = []byte("\x57\xfb\x80\x8b\x24\x75\x47\xdb")

// IdentifyBytes says what a file of that size is. The error is one of reading.
func IdentifyBytes(r io.ReaderAt, size int64) (Content, error) {
	if typednil.Is(r) || size < 0 {
		return Content{}, errors.Errorf("found no file, or one of %d bytes, expected one to read", size)
	}
	head, err := readHead(r, size, headLength)
	if err != nil {
		return Content{}, err
	}
	if size == 0 {
		return Content{What: "an empty file", Advice: againHint, broken: true}, nil
	}
	for _, s := range signatures {
		if len(head) > s.at && bytes.HasPrefix(head[s.at:], []byte(s.bytes)) {
			return s.content, nil
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")), bytes.HasPrefix(head, []byte("PK\x06\x06")):
		return identifyZip(r, size), nil
	case looksLikeSafetensors(head):
		metadata, _, err := readHeader(r, size) // a bad one is not ours; its reader says what is wrong
		ours := err == nil && metadata[keyVersion] != ""
		return Content{Format: Safetensors, Ours: ours, What: "a safetensors file", tensors: readSafetensors}, nil
	case looksLikePickle(head):
		return identifyPickle(head), nil
	}
	if c, ok := identifyProtobuf(r, size); ok {
		return c, nil
	}
	if size >= 48 {
		var end [8]byte
		if _, err := r.ReadAt(end[:], size-int64(len(end))); err == nil && bytes.Equal(end[:], sstableMagic) {
			return Content{What: "the index of a TensorFlow checkpoint", Advice: checkpointHint}, nil
		}
	}
	if len(bytes.Trim(head, "\x00")) == 0 {
		return Content{What: "a file that begins with nothing but zeros", Advice: againHint, broken: true}, nil
	}
	return identifyText(head), nil
}

// looksLikeSafetensors reports whether a JSON object follows eight bytes whose
// upper half is zero, since no header has 4 GiB.
func looksLikeSafetensors(head []byte) bool {
	return len(head) > 8 && binary.LittleEndian.Uint32(head[4:]) == 0 && head[8] == '{'
}

// identifyText says what text, or an image, or unknown bytes are.
func identifyText(head []byte) Content {
	text := strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff"))
	mime, _, _ := strings.Cut(http.DetectContentType(head), ";")
	kind, _, _ := strings.Cut(mime, "/")
	switch {
	case mime == "text/html":
		return Content{What: "an HTML page", Advice: "a download that failed: fetch it again, logged in where the site asks for it", broken: true}
	case mime == "text/xml" && strings.Contains(text, "<net "):
		return Content{What: "an OpenVINO network", Advice: onnxHint}
	case mime == "text/xml" && strings.Contains(text, "<Error"):
		return Content{What: "a server's error message in XML", Advice: "a download that failed: fetch it again", broken: true}
	case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
		return identifyJSON(text)
	case strings.HasPrefix(text, "model_checkpoint_path:"):
		return Content{What: "the list of a TensorFlow checkpoint's files", Advice: checkpointHint}
	case kind == "image" || kind == "audio" || kind == "video" || kind == "font":
		return Content{What: fmt.Sprintf("%s file (%s)", map[string]string{"image": "an image", "audio": "an audio", "video": "a video", "font": "a font"}[kind], mime)}
	case mime == "application/pdf":
		return Content{What: "a PDF document"}
	case mime == "application/x-rar-compressed":
		return Content{What: "a RAR archive", Advice: unpackHint}
	case kind == "text" && isText(head):
		return Content{What: fmt.Sprintf("a text that begins with %q", clip(text, 40)), Advice: "if it was downloaded, that failed: fetch it again", broken: true}
	}
	return Content{What: fmt.Sprintf("a file of no known kind (its first bytes are % x)", head[:min(8, len(head))]), Advice: againHint, broken: true}
}

func identifyJSON(text string) Content {
	switch {
	case strings.Contains(text, `"weight_map"`):
		return Content{What: "the index of weights that lie in several files", Advice: "where they were made, write them into one"}
	case strings.HasPrefix(text, "{") && strings.Contains(text, `"layers"`) && strings.Contains(text, `"input"`):
		return Content{Format: JSON, What: "a network's layers as JSON, without weights"}
	case strings.HasPrefix(text, "{") && strings.Contains(text, `"error"`):
		return Content{What: "a server's error message in JSON", Advice: "a download that failed: fetch it again", broken: true}
	}
	return Content{Format: JSON, What: "a JSON text"}
}

// isText reports whether the head of a file is UTF-8, but for a character that
// is cut where the head ends.
func isText(head []byte) bool {
	if len(head) < headLength {
		return utf8.Valid(head)
	}
	return len(strings.ToValidUTF8(string(head), "")) > len(head)-utf8.UTFMax
}
