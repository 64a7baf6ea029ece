// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rv32Step} from "../../src/proof/Rv32Step.sol";
import {Checked} from "../market/Cheats.sol";
import {Files} from "./Files.sol";
import {Step} from "./Step.sol";

/// @notice The contract makes of every step proof what the Rust machine makes of it: the same root after the step, or the same refusal.
///
/// They are written by Rust: `actors/proof/vectors/steps.json`, chosen so that every instruction, trap and error is in it.
contract Rv32StepTest is Checked {
    Files private constant files = Files(address(uint160(uint256(keccak256("hevm cheat code")))));
    Step private immutable step = new Step();

    /// @dev In the order in which Rust looks for them: the numbers that the files have for refusals, from 1.
    function selectors() private pure returns (bytes4[5] memory) {
        return [
            Rv32Step.Malformed.selector,
            Rv32Step.PreState.selector,
            Rv32Step.Missing.selector,
            Rv32Step.Superfluous.selector,
            Rv32Step.NotInMemory.selector
        ];
    }

    /// @dev Which refusal, from 1, a proof meets; 0 and the root where it is none.
    function outcome(bytes32 pre, bytes memory proof) private view returns (uint256, bytes32) {
        try step.execute(pre, proof) returns (bytes32 post) {
            return (0, post);
        } catch (bytes memory reason) {
            bytes4[5] memory all = selectors();
            for (uint256 i = 0; i < all.length; ++i) {
                if (bytes4(reason) == all[i]) return (i + 1, 0);
            }
            revert NotTrue("an error that is known");
        }
    }

    /// @notice Those that hold, and those that don't, each for the reason that the file names.
    function test_every_step_of_the_vectors() public {
        string memory path = string.concat(files.projectRoot(), "/../../proof/vectors/steps.json");
        string[6] memory names = ["PostState", "Malformed", "PreState", "Missing", "Superfluous", "NotInMemory"];
        (uint256 held, uint256 refusals) = (0, 0);
        // An object of two lists, with a line for each of their elements.
        for (string memory line = files.readLine(path); bytes(line).length != 0; line = files.readLine(path)) {
            if (bytes(line).length < 100) continue;
            string memory json = bare(line);
            bytes32 post = vm.parseJsonBytes32(json, ".post");
            (uint256 refused, bytes32 found) =
                outcome(vm.parseJsonBytes32(json, ".pre"), vm.parseJsonBytes(json, ".proof"));
            string memory name = vm.parseJsonString(json, ".name");
            if (files.keyExistsJson(json, ".error")) {
                bytes memory accepted = bytes(vm.parseJsonString(json, ".error"));
                same(keccak256(bytes(names[refused])), keccak256(accepted), name);
                yes(refused != 0 || found != post, name);
                ++refusals;
            } else {
                same(refused, 0, name);
                same(found, post, name);
                ++held;
            }
        }
        yes(held > 400 && refusals > 30, "as many as there are");
    }

    /// @dev Without the comma at its end.
    function bare(string memory line) private pure returns (string memory) {
        uint256 length = bytes(line).length - (bytes(line)[bytes(line).length - 1] == "," ? 1 : 0);
        assembly ("memory-safe") {
            mstore(line, length)
        }
        return line;
    }
}
