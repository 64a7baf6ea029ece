// A world in three dimensions: shapes on bodies, z up, metres. What the shapes are comes once, where the bodies are with every frame.

import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { ConvexGeometry } from "three/addons/geometries/ConvexGeometry.js";

THREE.Object3D.DEFAULT_UP.set(0, 0, 1);

// Numbers of a frame for one body: position x y z, orientation w x y z.
export const POSE = 7;
const GROUND = 200;

function triangles(vertices, faces) {
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute("position", new THREE.Float32BufferAttribute(vertices.flat(), 3));
  geometry.setIndex(faces.flat());
  geometry.computeVertexNormals();
  return geometry;
}

function heights({ rows, columns, heights, size }) {
  const geometry = new THREE.PlaneGeometry(size[0], size[1], columns - 1, rows - 1);
  const position = geometry.attributes.position;
  // Three begins with the row of the largest y, we with the smallest.
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) position.setZ((rows - 1 - row) * columns + column, heights[row * columns + column]);
  }
  geometry.computeVertexNormals();
  return geometry;
}

const GEOMETRIES = {
  half_space: () => new THREE.PlaneGeometry(GROUND, GROUND),
  sphere: ({ radius }) => new THREE.SphereGeometry(radius, 32, 20),
  cuboid: ({ half }) => new THREE.BoxGeometry(...half.map((h) => 2 * h)),
  capsule: ({ radius, half_length }) => new THREE.CapsuleGeometry(radius, 2 * half_length, 10, 24).rotateX(Math.PI / 2),
  cylinder: ({ radius, half_length }) => new THREE.CylinderGeometry(radius, radius, 2 * half_length, 32).rotateX(Math.PI / 2),
  hull: ({ points }) => new ConvexGeometry(points.map((p) => new THREE.Vector3(...p))),
  mesh: ({ vertices, triangles: faces }) => triangles(vertices, faces),
  height_field: heights,
};

// Squares of one metre in two tones.
function squares(color) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 128;
  const context = canvas.getContext("2d");
  const tone = (share) => `#${color.clone().multiplyScalar(share).getHexString()}`;
  context.fillStyle = tone(1);
  context.fillRect(0, 0, 128, 128);
  context.fillStyle = tone(0.72);
  context.fillRect(0, 0, 64, 64);
  context.fillRect(64, 64, 64, 64);
  const texture = new THREE.CanvasTexture(canvas);
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.repeat.set(GROUND / 2, GROUND / 2);
  texture.colorSpace = THREE.SRGBColorSpace;
  texture.anisotropy = 8;
  return texture;
}

function solid(shape) {
  const geometry = GEOMETRIES[shape.kind]?.(shape);
  if (!geometry) return null;
  const [r, g, b, opacity] = shape.rgba;
  const color = new THREE.Color().setRGB(r, g, b, THREE.SRGBColorSpace);
  const ground = shape.kind === "half_space";
  const paint = ground && shape.checker ? { map: squares(color) } : { color };
  const material = new THREE.MeshStandardMaterial({ ...paint, roughness: 0.75, transparent: opacity < 1, opacity, flatShading: shape.kind === "hull" });
  const mesh = new THREE.Mesh(geometry, material);
  mesh.position.set(...shape.position);
  const [w, x, y, z] = shape.orientation;
  mesh.quaternion.set(x, y, z, w);
  mesh.castShadow = !ground;
  mesh.receiveShadow = true;
  return mesh;
}

export class Stage {
  // `description`: the answer of /api/scenes/NAME/stage.
  constructor(canvas, description) {
    this.canvas = canvas;
    this.camera = description.camera;
    this.scene = new THREE.Scene();
    const sky = new THREE.Color("#c9d8e6");
    this.scene.background = sky;
    this.scene.fog = new THREE.Fog(sky, 25, 90);
    this.scene.add(new THREE.HemisphereLight("#eaf2ff", "#8d8577", 1.6));
    this.sun = new THREE.DirectionalLight("#fff4e0", 2.2);
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.set(2048, 2048);
    for (const [side, reach] of Object.entries({ left: -6, right: 6, top: 6, bottom: -6 })) this.sun.shadow.camera[side] = reach;
    this.scene.add(this.sun, this.sun.target);

    this.bodies = Array.from({ length: description.bodies }, () => new THREE.Group());
    this.scene.add(...this.bodies);
    for (const shape of description.shapes) {
      const mesh = solid(shape);
      if (mesh) this.bodies[shape.body]?.add(mesh);
    }

    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
    this.renderer.shadowMap.enabled = true;
    this.eye = new THREE.PerspectiveCamera((description.camera.vertical_fov * 180) / Math.PI, 1, 0.02, 300);
    this.controls = new OrbitControls(this.eye, canvas);
    this.controls.enableDamping = true;
    this.aim();
    this.renderer.setAnimationLoop(() => this.draw());
  }

  // The point that the camera looks at: from the followed body's origin along world axes.
  focus() {
    const point = new THREE.Vector3(...this.camera.target);
    const followed = this.bodies[this.camera.follow];
    return followed ? point.add(followed.position) : point;
  }

  aim() {
    const { azimuth, elevation, distance } = this.camera;
    const sight = new THREE.Vector3(Math.cos(elevation) * Math.cos(azimuth), Math.cos(elevation) * Math.sin(azimuth), Math.sin(elevation));
    this.controls.target.copy(this.focus());
    this.eye.position.copy(this.controls.target).addScaledVector(sight, -distance);
    this.controls.update();
  }

  // `numbers`: POSE for each body, the world first; from `offset` on.
  place(numbers, offset = 0) {
    this.bodies.forEach((body, index) => {
      const at = offset + POSE * index;
      body.position.set(numbers[at], numbers[at + 1], numbers[at + 2]);
      body.quaternion.set(numbers[at + 4], numbers[at + 5], numbers[at + 6], numbers[at + 3]);
    });
    // The eye goes along with what it follows, from wherever the user has turned it.
    const step = this.focus().sub(this.controls.target);
    this.controls.target.add(step);
    this.eye.position.add(step);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(window.devicePixelRatio, 2);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.renderer.setPixelRatio(ratio);
      this.renderer.setSize(width, height, false);
      this.eye.aspect = width / Math.max(height, 1);
      this.eye.updateProjectionMatrix();
    }
    this.controls.update();
    this.sun.target.position.copy(this.controls.target);
    this.sun.position.copy(this.controls.target).add(new THREE.Vector3(4, -6, 9));
    this.renderer.render(this.scene, this.eye);
  }

  close() {
    this.renderer.setAnimationLoop(null);
    this.controls.dispose();
    this.scene.traverse((object) => {
      object.geometry?.dispose();
      object.material?.map?.dispose();
      object.material?.dispose();
    });
    this.renderer.dispose();
  }
}
