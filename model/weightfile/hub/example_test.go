package hub_test

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model/weightfile/hub"
)

// A reference names a repository, and what of it is wanted. Fetch brings the file.
func ExampleParse() {
	for _, text := range []string{"hf:timm/resnet18.a1_in1k", "hf:timm/resnet18.a1_in1k@main/model.safetensors", "hf:timm"} {
		ref, err := hub.Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s/%s at %s, file %q\n", ref.Owner, ref.Repo, ref.Revision, ref.File)
	}
	// Output:
	// timm/resnet18.a1_in1k at main, file ""
	// timm/resnet18.a1_in1k at main, file "model.safetensors"
	// "hf:timm": found no owner, expected hf:OWNER/REPO[@REVISION][/FILE], as hf:timm/resnet18.a1_in1k: bad hub reference
}
